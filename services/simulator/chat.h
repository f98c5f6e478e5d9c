// What the two chat faces share: reading a conversation and writing the answer.
#ifndef SIM_CHAT_H
#define SIM_CHAT_H

#include "sim.h"

// sim_chat_prompt: the text of the last message whose role is "user" (a string, or the texts of its
// parts joined), which the caller frees. NULL: there is none, or the messages are not well-formed.
char *sim_chat_prompt(const json_t *messages);

struct sim_chat_answer {
    char *text;
    int prompt_tokens, tokens;
    bool cut; // at max_tokens
};

// sim_chat_answer: writes the answer and its ledger entry. max_tokens 0: no bound. A token is four
// bytes.
RF_NODISCARD enum rf_err sim_chat_answer(struct sim *sim, const char *provider, const char *model,
                                         const char *prompt, int max_tokens, struct rf_utc now,
                                         struct sim_chat_answer *answer);

#endif

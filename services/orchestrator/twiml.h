// The texts that a contact is worked on with: the script's prompt, and TwiML. Pure.
#ifndef RF_ORCHESTRATOR_TWIML_H
#define RF_ORCHESTRATOR_TWIML_H

// rf_twiml_say: <Response><Say>TEXT</Say></Response>, the text escaped, control characters left
// out. A new string that the caller frees; NULL if out of memory.
char *rf_twiml_say(const char *text);

// rf_twiml_play: <Response><Play>BASE PATH</Play></Response>; a slash at the end of `base` is
// dropped.
char *rf_twiml_play(const char *base, const char *path);

#endif

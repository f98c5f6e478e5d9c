// What the simulated language models write: the same text for the same prompt, and for each prompt
// another. It repeats the prompt's subject, so that a contact's name stands in it as in the prompt.
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

// sim_script_write: a new text, which the caller frees; NULL if out of memory. The subject is the
// prompt's last part in double quotes, else its last line that is not blank, cut to 400 bytes.
char *sim_script_write(const char *prompt);

#endif

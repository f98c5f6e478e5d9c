// The little of TwiML that the simulator needs.
#ifndef SIM_TWIML_H
#define SIM_TWIML_H

// sim_twiml_play: the address in the first <Play>, with XML's entities resolved and blanks around
// it removed, in a new string that the caller frees; NULL if there is none.
char *sim_twiml_play(const char *twiml);

#endif

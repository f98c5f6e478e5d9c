// The person at the command line.
#ifndef CLI_PERSON_H
#define CLI_PERSON_H

// cli_person: the name of the user who runs it, "unknown" if it has none. Valid until the next
// call.
const char *cli_person(void);

#endif

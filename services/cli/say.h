// What is told on standard error: lines of text for people, or JSON for programs.
#ifndef RF_CLI_SAY_H
#define RF_CLI_SAY_H

#include <ringfence/error.h>
#include <ringfence/log.h>

// cli_say_as_json: from now on each line, those of rf_log too, is an object with level and message.
void cli_say_as_json(void);

// cli_say: one line about what is going on.
void cli_say(const char *format, ...) RF_PRINTF(1, 2);

// cli_say_line: a line as rf_log would write it, for who has taken rf_log's lines over.
void cli_say_line(enum rf_log_level level, const char *text);

// cli_say_log: rf_log's lines go to standard error again, after somebody had taken them over.
void cli_say_log(void);

#endif

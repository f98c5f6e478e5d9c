// Standard output: whether what was printed was written, and whether anybody still reads it.
#ifndef RF_CLI_OUTPUT_H
#define RF_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

// cli_output_hold: takes the numbers of the standard streams that whoever started us has closed:
// else the next file or connection gets that number, and what is printed goes into it. To be called
// before anything is opened. What is printed to such a stream still fails.
void cli_output_hold(void);

// cli_output_write: prints bytes; a block that is too large to wait for cli_output_flush may fail
// here, which that will tell.
void cli_output_write(const char *data, size_t size);

// cli_output_flush: writes what was printed; false: that, or something before it, was not written.
bool cli_output_flush(void);

// cli_output_gone: whether the reader of standard output has gone away, as head(1) does: no failure
// of ours. Known without writing, so that it can be asked while there is nothing to tell.
bool cli_output_gone(void);

// cli_output_why: why cli_output_flush failed, for people.
const char *cli_output_why(void);

// cli_output_end: writes what was printed, at the end: `code`, or that of a failure, which is told,
// if it could not be written although somebody would have read it.
int cli_output_end(int code);

#endif

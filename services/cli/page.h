// A page of contacts from the file, as the operation `load` takes it.
#ifndef RF_CLI_PAGE_H
#define RF_CLI_PAGE_H

#include "list.h"
#include "run.h"

// cli_page_read: reads the next page and gives it to the run; refused lines go to cli_run_refuse
// and to the file of refused lines. A file that cannot be read on, or written, ends the run.
void cli_page_read(struct cli_list *list, struct cli_run *run);

// cli_page_refused: what the reply to the run's page, which is still there, refuses goes to the
// file of refused lines. One that cannot be written ends the run.
void cli_page_refused(struct cli_list *list, struct cli_run *run, const json_t *result);

#endif

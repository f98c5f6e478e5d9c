// A page of contacts from the file, as the operation `load` takes it.
#ifndef RF_CLI_PAGE_H
#define RF_CLI_PAGE_H

#include "contacts/contacts.h"
#include "run.h"

// cli_page_read: reads the next page and gives it to the run; refused lines go to cli_run_refuse, a
// file that cannot be read on ends the run.
void cli_page_read(struct rf_contacts *contacts, struct cli_run *run);

#endif

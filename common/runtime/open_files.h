// How many descriptors a process may have.
#ifndef RF_RUNTIME_OPEN_FILES_H
#define RF_RUNTIME_OPEN_FILES_H

// rf_open_files_raise: as many as the system lets it have: for who has one for each connection.
void rf_open_files_raise(void);

#endif

// What the parts of `ringfence doctor` share: the list of checks, the means to ask, and how a check
// ends. Each part adds its checks and settles them, at once or from the loop.
#ifndef RF_CLI_DOCTOR_H
#define RF_CLI_DOCTOR_H

#include "command.h"
#include "config/config.h"
#include "doctor_list.h"
#include "http/client.h"
#include "runtime/loop.h"

struct rf_redactor;

struct doctor {
    const struct cli_options *options;
    struct rf_config *config;
    struct rf_redactor *redactor; // NULL: there is no configuration, and so no secret
    struct rf_loop *loop;
    struct rf_http *http;
    struct doctor_list list;
    bool running; // the loop, which ends behind the last check
    void *bus;    // doctor_bus.c's
};

// doctor_new_check: "GROUP", or "GROUP/SUBJECT". NULL: it is not wanted.
struct doctor_check *doctor_new_check(struct doctor *doctor, const char *group,
                                      const char *subject);

// doctor_end: what came of the check; without the configuration's secrets, whoever wrote the text.
// Tells the checks whose turn it is, and ends the loop behind the last one. `mend` may be NULL.
void doctor_end(struct doctor *doctor, struct doctor_check *check, enum doctor_verdict verdict,
                const char *mend, const char *format, ...) RF_PRINTF(5, 6);

// doctor_send_failed: a request that could not be begun.
void doctor_send_failed(struct doctor *doctor, struct doctor_check *check,
                        const struct rf_error *error);

// doctor_steps: "dns 10.0.0.1:443, connect ..., tls ...": the way of a connection, one line.
void doctor_steps(const struct rf_http_trace *trace, char *out, size_t size);

// ---- the parts, in their order ----

void doctor_versions(struct doctor *doctor);
// doctor_config: reads it. False: there is none, and the checks that need it are skipped.
bool doctor_config(struct doctor *doctor);
void doctor_ports(struct doctor *doctor);
void doctor_folders(struct doctor *doctor); // rights, and the disks' room
void doctor_providers(struct doctor *doctor);
void doctor_channels(struct doctor *doctor);
void doctor_sheets(struct doctor *doctor);
void doctor_database(struct doctor *doctor);
void doctor_keys(struct doctor *doctor);
void doctor_bus(struct doctor *doctor);
void doctor_bus_end(struct doctor *doctor);

#endif

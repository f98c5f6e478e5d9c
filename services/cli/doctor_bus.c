// The database of campaigns if it is a server, and the broker.
#include <stdio.h>
#include <stdlib.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>

#include "base/clock.h"
#include "doctor.h"
#include "store/postgres_reach.h"

// ---- the database ----

struct reaching {
    struct rf_postgres_reach reach;
    struct doctor *doctor;
    struct doctor_check *check;
};

static void on_reached(void *arg, enum rf_err result, const struct rf_error *error) {
    struct reaching *reaching = arg;
    const char *mend = result == RF_ERR_CONFIG
                           ? "look at orchestrator.store.url and its password, and at the server's "
                             "pg_hba.conf"
                           : "start the server, or look at the address in orchestrator.store.url";
    if (result == RF_OK)
        doctor_end(reaching->doctor, reaching->check, DOCTOR_OK, NULL,
                   "PostgreSQL takes our login");
    else
        doctor_end(reaching->doctor, reaching->check, DOCTOR_FAIL, mend, "%s", error->message);
    free(reaching);
}

void doctor_database(struct doctor *doctor) {
    const struct rf_config_store *store = &doctor->config->orchestrator.store;
    struct doctor_check *check = doctor_new_check(doctor, "database", NULL);
    if (check == NULL)
        return;
    if (store->url == NULL) {
        doctor_end(doctor, check, DOCTOR_SKIPPED, NULL,
                   "SQLite in state_dir: no server is to be reached");
        return;
    }
    struct reaching *reaching = calloc(1, sizeof *reaching);
    if (reaching == NULL) {
        doctor_end(doctor, check, DOCTOR_FAIL, NULL, "out of memory");
        return;
    }
    reaching->doctor = doctor;
    reaching->check = check;
    rf_postgres_reach(&reaching->reach, doctor->loop, store->url, store->password.value, on_reached,
                      reaching);
}

// ---- the broker ----

struct reaching_bus {
    struct doctor *doctor;
    struct doctor_check *check;
    struct rf_bus *bus;
    struct rf_timer limit;
    char instance[64];
};

static void on_change(void *arg, bool connected) {
    struct reaching_bus *reaching = arg;
    if (!connected)
        return;
    rf_timer_stop(&reaching->limit);
    doctor_end(reaching->doctor, reaching->check, DOCTOR_OK, NULL, "the broker answers at %s",
               reaching->doctor->config->bus.ingest);
    reaching->check = NULL;
}

// That the set is down is no fault: who installs it asks before it is started.
static void on_limit(void *arg) {
    struct reaching_bus *reaching = arg;
    const char *trouble = rf_bus_trouble(reaching->bus);
    const char *endpoint = reaching->doctor->config->bus.ingest;
    if (rf_bus_other_version(reaching->bus))
        doctor_end(reaching->doctor, reaching->check, DOCTOR_FAIL,
                   "have the broker and this program from one release, the broker upgraded first",
                   "the broker at %s %s", endpoint, trouble);
    else if (trouble != NULL)
        doctor_end(reaching->doctor, reaching->check, DOCTOR_FAIL, rf_bus_mend(reaching->bus),
                   "the broker at %s %s", endpoint, trouble);
    else
        doctor_end(reaching->doctor, reaching->check, DOCTOR_WARN,
                   "if the set is to run now: start it, and see what ringfence-broker says",
                   "no broker answers at %s: the set is down, or has another configuration",
                   endpoint);
}

void doctor_bus(struct doctor *doctor) {
    char id[RF_ULID_SIZE];
    struct rf_error error;
    struct doctor_check *check = doctor_new_check(doctor, "bus", NULL);
    struct reaching_bus *reaching = check != NULL ? calloc(1, sizeof *reaching) : NULL;
    if (reaching == NULL) {
        doctor_end(doctor, check, DOCTOR_FAIL, NULL, "out of memory");
        return;
    }
    doctor->bus = reaching;
    reaching->doctor = doctor;
    reaching->check = check;
    snprintf(reaching->instance, sizeof reaching->instance, "cli-%s",
             rf_ulid_new(rf_clock_utc(), id));
    rf_timer_init(&reaching->limit, doctor->loop, on_limit, reaching);
    if (rf_bus_new(doctor->loop, &doctor->config->bus, "cli", reaching->instance, &reaching->bus,
                   &error) != RF_OK) {
        doctor_send_failed(doctor, check, &error);
        return;
    }
    rf_bus_on_change(reaching->bus, on_change, reaching);
    // Two heartbeats are enough for a broker that is there.
    struct rf_duration patience = rf_ns(3 * doctor->config->bus.heartbeat.ns);
    struct rf_duration timeout = doctor->options->timeout;
    rf_timer_after(&reaching->limit, patience.ns < timeout.ns ? patience : timeout);
}

void doctor_bus_end(struct doctor *doctor) {
    struct reaching_bus *reaching = doctor->bus;
    if (reaching == NULL)
        return;
    rf_timer_stop(&reaching->limit);
    rf_bus_destroy(&reaching->bus);
    free(reaching);
    doctor->bus = NULL;
}

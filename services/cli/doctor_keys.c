// The keys of the bus: whose they are. That they are there and fit is for config check.
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#include "curve/endpoint.h"
#include "doctor.h"

struct looking {
    uid_t user; // who runs the set: the owner of state_dir
    char name[64], first[PATH_MAX];
    size_t found, foreign; // files, and those of them that the set may not read
};

static void look_at(struct looking *looking, const char *path) {
    struct stat status;
    if (path == NULL || stat(path, &status) != 0)
        return;
    looking->found++;
    if (status.st_uid == looking->user || (status.st_mode & S_IROTH) != 0)
        return;
    if (looking->foreign++ == 0)
        snprintf(looking->first, sizeof looking->first, "%s", path);
}

static void look_at_secret(struct looking *looking, const struct rf_config *config,
                           const char *process) {
    char path[PATH_MAX];
    struct rf_error error;
    if (rf_curve_path(config->bus.curve.secret_file, process, path, sizeof path, &error) == RF_OK)
        look_at(looking, path);
}

static void look_at_all(struct looking *looking, const struct rf_config *config) {
    const char *process;
    unsigned roles;
    look_at_secret(looking, config, "broker");
    for (size_t i = 0; rf_config_bus_process(config, i, &process, &roles); i++)
        look_at_secret(looking, config, process);
    look_at(looking, config->bus.curve.server_key_file);
    look_at(looking, config->broker.known_clients);
}

static void name_user(struct looking *looking) {
    const struct passwd *user = getpwuid(looking->user);
    if (user != NULL)
        snprintf(looking->name, sizeof looking->name, "%s", user->pw_name);
    else
        snprintf(looking->name, sizeof looking->name, "%u", (unsigned)looking->user);
}

void doctor_keys(struct doctor *doctor) {
    const struct rf_config *config = doctor->config;
    struct doctor_check *check = doctor_new_check(doctor, "keys", NULL);
    struct looking looking = {0};
    struct stat status;
    if (config->bus.curve.secret_file == NULL) {
        doctor_end(doctor, check, DOCTOR_SKIPPED, NULL, "the bus uses none");
        return;
    }
    if (stat(config->state_dir, &status) != 0) {
        doctor_end(doctor, check, DOCTOR_SKIPPED, NULL,
                   "state_dir, whose owner runs the set, is not there yet");
        return;
    }
    looking.user = status.st_uid;
    name_user(&looking);
    look_at_all(&looking, config);
    if (looking.foreign > 0) {
        char mend[PATH_MAX + 128], more[64] = "";
        if (looking.foreign > 1)
            snprintf(more, sizeof more, " (and %zu more)", looking.foreign - 1);
        snprintf(mend, sizeof mend, "chown %s %s%s", looking.name, looking.first,
                 looking.foreign > 1 ? ", and so the others" : "");
        doctor_end(doctor, check, DOCTOR_FAIL, mend,
                   "%s is not %s's, who runs the set, and may not read it%s", looking.first,
                   looking.name, more);
        return;
    }
    doctor_end(doctor, check, DOCTOR_OK, NULL, "the %zu files of keys on this host are %s's",
               looking.found, looking.name);
}

// The addresses that processes of this configuration listen on: free, or held by one of ours.
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"
#include "port_holder.h"

// Splits "127.0.0.1:80", "[::1]:80" or "*:80". False: it is none.
static bool split(const char *address, char *host, size_t size, const char **port) {
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon[1] == '\0')
        return false;
    bool brackets = address[0] == '[' && colon > address && colon[-1] == ']';
    int length = (int)(colon - address) - (brackets ? 2 : 0);
    snprintf(host, size, "%.*s", length, address + (brackets ? 1 : 0));
    *port = colon + 1;
    return true;
}

// 0: it can be bound; else errno, or -1 for a name that is none.
static int try_bind(const char *host, const char *port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
    if (getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &found) != 0)
        return -1;
    int one = 1, cause = 0;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 1) != 0)
        cause = errno;
    if (fd >= 0)
        close(fd);
    freeaddrinfo(found);
    return cause;
}

static void tell_held(struct doctor *doctor, struct doctor_check *check, const char *key,
                      const char *address, const char *port, const char *program) {
    char name[128], mend[DOCTOR_TEXT_SIZE];
    long pid;
    bool seen = cli_port_holder((unsigned)strtoul(port, NULL, 10), name, sizeof name, &pid);
    if (seen && strcmp(name, program) == 0) {
        doctor_end(doctor, check, DOCTOR_OK, NULL, "%s: held by %s, process %ld", address, name,
                   pid);
        return;
    }
    snprintf(mend, sizeof mend, "end that process, or give %s another port", key);
    if (seen)
        doctor_end(doctor, check, DOCTOR_FAIL, mend, "%s: in use by %s, process %ld", address, name,
                   pid);
    else
        doctor_end(doctor, check, DOCTOR_FAIL, mend, "%s: in use by another user's process",
                   address);
}

static void check_port(struct doctor *doctor, const char *subject, const char *key,
                       const char *address, const char *program) {
    struct doctor_check *check = doctor_new_check(doctor, "port", subject);
    char host[256], mend[DOCTOR_TEXT_SIZE];
    const char *port;
    if (check == NULL)
        return;
    if (!split(address, host, sizeof host, &port)) {
        doctor_end(doctor, check, DOCTOR_SKIPPED, NULL, "%s has no port", address);
        return;
    }
    int cause = try_bind(host, port);
    if (cause == 0)
        doctor_end(doctor, check, DOCTOR_OK, NULL, "%s: free", address);
    else if (cause == EADDRINUSE)
        tell_held(doctor, check, key, address, port, program);
    else if (cause == EADDRNOTAVAIL || cause == -1)
        doctor_end(doctor, check, DOCTOR_SKIPPED, NULL, "%s is no address of this host", address);
    else {
        snprintf(mend, sizeof mend, "set %s to a port that this user may listen on%s", key,
                 cause == EACCES ? " (1024 and above)" : "");
        doctor_end(doctor, check, DOCTOR_FAIL, mend, "%s: %s", address, strerror(cause));
    }
}

// Whether a provider of ours, or anything else that we ask, is the simulator.
static bool uses_simulator(const struct rf_config *config) {
    char host[128];
    snprintf(host, sizeof host, "://%s/", config->simulator.listen);
    for (int i = 0; i < RF_PROVIDER_COUNT; i++)
        if (config->providers[i].base_url != NULL &&
            strstr(config->providers[i].base_url, host) != NULL)
            return true;
    return false;
}

void doctor_ports(struct doctor *doctor) {
    const struct rf_config *config = doctor->config;
    const struct {
        const char *name, *endpoint;
    } endpoints[] = {{"calls", config->bus.calls},
                     {"workers", config->bus.workers},
                     {"ingest", config->bus.ingest},
                     {"events", config->bus.events}};
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        char subject[32], key[32];
        snprintf(subject, sizeof subject, "bus-%s", endpoints[i].name);
        snprintf(key, sizeof key, "bus.%s", endpoints[i].name);
        if (strncmp(endpoints[i].endpoint, "tcp://", 6) == 0)
            check_port(doctor, subject, key, endpoints[i].endpoint + 6, "ringfence-broker");
    }
    check_port(doctor, "console", "console.listen", config->console.listen, "ringfence-console");
    if (!uses_simulator(config))
        return;
    check_port(doctor, "simulator", "simulator.listen", config->simulator.listen,
               "ringfence-simulator");
    if (config->simulator.tls_listen != NULL)
        check_port(doctor, "simulator-tls", "simulator.tls_listen", config->simulator.tls_listen,
                   "ringfence-simulator");
}

#include "port_holder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTENING 0x0A // TCP_LISTEN, as /proc/net/tcp writes it

// The inode of the socket that listens on the port; 0: there is none.
static unsigned long socket_of(const char *table, unsigned port) {
    char line[512];
    unsigned long found = 0;
    FILE *file = fopen(table, "re");
    if (file == NULL)
        return 0;
    while (found == 0 && fgets(line, sizeof line, file) != NULL) {
        unsigned local, state;
        unsigned long inode;
        if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu",
                   &local, &state, &inode) == 3 &&
            local == port && state == LISTENING)
            found = inode;
    }
    fclose(file);
    return found;
}

static bool has_socket(const char *pid, unsigned long inode) {
    char path[300], wanted[64], link[64];
    bool found = false;
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(folder)) != NULL;) {
        ssize_t size = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
        if (size <= 0)
            continue;
        link[size] = '\0';
        found = strcmp(link, wanted) == 0;
    }
    closedir(folder);
    return found;
}

static void name_of(const char *pid, char *name, size_t size) {
    char path[300], program[512] = "?";
    snprintf(path, sizeof path, "/proc/%s/exe", pid);
    ssize_t length = readlink(path, program, sizeof program - 1);
    if (length > 0)
        program[length] = '\0';
    const char *slash = strrchr(program, '/');
    snprintf(name, size, "%s", slash != NULL ? slash + 1 : program);
}

bool cli_port_holder(unsigned port, char *name, size_t size, long *pid) {
    bool found = false;
    unsigned long inode = socket_of("/proc/net/tcp", port);
    if (inode == 0)
        inode = socket_of("/proc/net/tcp6", port);
    DIR *processes = inode != 0 ? opendir("/proc") : NULL;
    if (processes == NULL)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(processes)) != NULL;) {
        *pid = strtol(entry->d_name, NULL, 10);
        found = *pid > 0 && has_socket(entry->d_name, inode);
        if (found)
            name_of(entry->d_name, name, size);
    }
    closedir(processes);
    return found;
}

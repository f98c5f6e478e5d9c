#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "curve/known.h"

static const char head[] =
    "# Keys of the clients that the broker lets in: PUBLIC-KEY ROLE[,ROLE]... NAME\n"
    "# Roles: publisher, subscriber, worker, caller, admin. Read at start and on SIGHUP;\n"
    "# \"ringfence keys allow\" and \"ringfence keys revoke\" write it.\n";

static bool is_without(size_t number, const struct rf_known_key *const without[2]) {
    for (size_t i = 0; i < 2; i++)
        if (without[i] != NULL && without[i]->line == number)
            return true;
    return false;
}

static void copy_lines(const char *text, const struct rf_known_key *const without[2], FILE *out) {
    for (size_t number = 1; *text != '\0'; number++) {
        size_t size = strcspn(text, "\n");
        if (!is_without(number, without)) {
            fwrite(text, 1, size, out);
            fputc('\n', out);
        }
        text += size + (text[size] == '\n' ? 1 : 0);
    }
}

static char *edit(const char *text, const struct rf_known_key *const without[2],
                  const struct rf_known_key *added) {
    char *edited = NULL, roles[RF_ROLES_TEXT_SIZE];
    size_t size;
    FILE *out = open_memstream(&edited, &size);
    if (out == NULL)
        return NULL;
    if (text[0] == '\0')
        fputs(head, out);
    copy_lines(text, without, out);
    if (added != NULL)
        fprintf(out, "%s %s %s\n", added->key, rf_roles_text(added->roles, roles), added->name);
    bool failed = ferror(out) != 0;
    if (fclose(out) == 0 && !failed)
        return edited;
    free(edited);
    return NULL;
}

char *rf_known_add(const char *text, const struct rf_known_key *const without[2],
                   const struct rf_known_key *added) {
    return edit(text, without, added);
}

char *rf_known_remove(const char *text, const struct rf_known_key *entry) {
    const struct rf_known_key *const without[2] = {entry, NULL};
    return edit(text, without, NULL);
}

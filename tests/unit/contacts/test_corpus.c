// A corpus of lists as people send them, good and bad: what is said of each stands in
// corpus/verdicts.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contacts/contacts.h"
#include "events/text.h"

#define SHOWN 60

struct reading {
    char *name;
    struct rf_contacts_format format;
    const char *columns[4];
};

// Text in one line, as the verdicts have it.
static void put(struct rf_text *said, const char *text, size_t most) {
    for (size_t i = 0; text[i] != '\0' && i < most; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < ' ' || byte == 0x7f || byte == '\\')
            rf_text_add(said, "\\x%02x", byte);
        else
            rf_text_add(said, "%c", byte);
    }
}

static void put_contact(struct rf_text *said, const struct rf_contact *contact) {
    rf_text_add(said, "%zu %s|", contact->line, contact->phone);
    put(said, contact->name, SHOWN);
    for (size_t i = 0; i < contact->count && i < 8; i++) {
        rf_text_add(said, "|%s=", contact->fields[i].column);
        put(said, contact->fields[i].value, SHOWN);
    }
    rf_text_add(said, "\n");
}

static void put_refusal(struct rf_text *said, const struct rf_contacts_refusal *refusal) {
    rf_text_add(said, "! %zu: %s [", refusal->line, refusal->reason);
    for (size_t i = 0; i < refusal->written_count && i < 8; i++) {
        rf_text_add(said, "%s", i > 0 ? "|" : "");
        put(said, refusal->written[i], SHOWN);
    }
    rf_text_add(said, "]\n");
}

// Everything that is said of a file.
static char *read_all(const struct reading *reading) {
    struct rf_text said = {0};
    struct rf_contacts *contacts = NULL;
    struct rf_error error = {0};
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", CORPUS, reading->name);
    enum rf_err err = rf_contacts_open(path, &reading->format, &contacts, &error);
    if (err != RF_OK) {
        assert_int_equal(err, RF_ERR_INVALID);
        assert_memory_equal(error.message, path, strlen(path));
        rf_text_add(&said, "!! ");
        put(&said, error.message + strlen(path) + 1, 1000);
        rf_text_add(&said, "\n");
        return rf_text_take(&said);
    }
    struct rf_contact contact;
    while ((err = rf_contacts_next(contacts, &contact, &error)) != RF_ERR_NOT_FOUND) {
        if (err == RF_OK) {
            put_contact(&said, &contact);
            continue;
        }
        assert_int_equal(err, RF_ERR_INVALID);
        struct rf_contacts_refusal refusal = rf_contacts_refused(contacts);
        put_refusal(&said, &refusal);
    }
    rf_contacts_destroy(&contacts);
    return rf_text_take(&said);
}

// "== FILE country=DE separator=; map=phone=Telefon"
static void read_head(char *line, struct reading *reading) {
    char *rest = NULL;
    *reading = (struct reading){.name = strtok_r(line + 3, " \n", &rest)};
    reading->format.columns = reading->columns;
    for (char *option; (option = strtok_r(NULL, " \n", &rest)) != NULL;) {
        if (strncmp(option, "country=", 8) == 0)
            reading->format.country = rf_country_find(option + 8);
        else if (strncmp(option, "separator=", 10) == 0)
            reading->format.separator = option[10] == 't' ? '\t' : option[10];
        else if (strncmp(option, "map=", 4) == 0)
            reading->columns[reading->format.column_count++] = option + 4;
        else
            fail_msg("%s: what is %s?", reading->name, option);
    }
}

static void judge(const struct reading *reading, const char *expected) {
    char *said = read_all(reading);
    if (strcmp(said, expected) != 0)
        fail_msg("%s:\n%sexpected:\n%s", reading->name, said, expected);
    free(said);
}

static size_t files_of_corpus(void) {
    size_t count = 0;
    DIR *folder = opendir(CORPUS);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t length = strlen(entry->d_name);
        count += length > 4 && strcmp(entry->d_name + length - 4, ".csv") == 0 ? 1 : 0;
    }
    closedir(folder);
    return count;
}

static void each_file_gets_its_verdict(void **state) {
    (void)state;
    FILE *in = fopen(CORPUS "/verdicts", "r");
    assert_non_null(in);
    char *line = NULL, *head = NULL;
    size_t room = 0, judged = 0;
    struct reading reading;
    struct rf_text expected = {0};
    for (bool more = true; more;) {
        more = getline(&line, &room, in) >= 0;
        if (more && line[0] == '#')
            continue;
        if (more && strncmp(line, "== ", 3) != 0) {
            rf_text_add(&expected, "%s", line);
            continue;
        }
        if (head != NULL) {
            judge(&reading, expected.data != NULL ? expected.data : "");
            judged++;
        }
        rf_text_fini(&expected);
        free(head);
        head = more ? strdup(line) : NULL;
        if (more)
            read_head(head, &reading);
    }
    free(line);
    (void)fclose(in);
    assert_true(judged >= 40);
    assert_int_equal(judged, files_of_corpus());
}

int main(int argc, char **argv) {
    // With a file, and how it is read, says what is said of it.
    if (argc > 1) {
        struct reading reading;
        read_head(argv[1], &reading);
        char *said = read_all(&reading);
        (void)fputs(said, stdout);
        free(said);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_gets_its_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

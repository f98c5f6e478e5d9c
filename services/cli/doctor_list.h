// The checks of `ringfence doctor` in their order, and what came of each. Pure.
#ifndef RF_CLI_DOCTOR_LIST_H
#define RF_CLI_DOCTOR_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "events/text.h"

#define DOCTOR_NAME_SIZE 64
#define DOCTOR_TEXT_SIZE 512
#define DOCTOR_MOST      256

enum doctor_verdict {
    DOCTOR_PENDING, // not known yet
    DOCTOR_OK,
    DOCTOR_WARN,    // it works, or may work, but somebody should look at it
    DOCTOR_FAIL,    // something will not work
    DOCTOR_SKIPPED, // not asked, and why
};

// What a check is called begins with one of these: "key/openai" is of "key".
extern const char *const doctor_groups[];
extern const size_t doctor_group_count;

struct doctor_check {
    char name[DOCTOR_NAME_SIZE];
    enum doctor_verdict verdict;
    struct rf_instant began;
    struct rf_duration took;
    char text[DOCTOR_TEXT_SIZE]; // what was found
    char mend[DOCTOR_TEXT_SIZE]; // what to do; "": nothing
};

// Zero it before use.
struct doctor_list {
    const char *only; // --only: a name or a group; NULL: all
    struct doctor_check *checks[DOCTOR_MOST];
    size_t count, told, pending;
};

// doctor_only_known: whether `only` can be the name of a check.
bool doctor_only_known(const char *only);

// doctor_add: a new check behind the others, which begins now. NULL: it is not wanted, or there is
// no room; what takes a check takes NULL as well.
struct doctor_check *doctor_add(struct doctor_list *list, const char *name, struct rf_instant now);

// doctor_settle: what came of it, once. `mend` may be NULL.
void doctor_settle(struct doctor_list *list, struct doctor_check *check,
                   enum doctor_verdict verdict, struct rf_instant now, const char *text,
                   const char *mend);

// doctor_next: the next check to be told, in the order in which they were added; NULL: none yet.
const struct doctor_check *doctor_next(struct doctor_list *list);

// doctor_count: how many came to this.
size_t doctor_count(const struct doctor_list *list, enum doctor_verdict verdict);

const char *doctor_verdict_name(enum doctor_verdict verdict);

// doctor_line: the check for people, with its line end; a second line says what to do.
void doctor_line(const struct doctor_check *check, struct rf_text *text);

// doctor_json: a new reference: {"ok", "counts": {"ok", "warn", "fail", "skipped"}, "checks":
// [{"name", "verdict", "took_ms", "text", "mend"?}]}.
json_t *doctor_json(const struct doctor_list *list);

void doctor_list_fini(struct doctor_list *list);

#endif

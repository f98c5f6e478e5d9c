// The words for what failed besides a status: all of them from the one list.
#include <string.h>

#include "rules/rules.h"

const char *rf_failure_word(enum rf_http_failure failure) {
    static const char *const words[] = {
#define RF_TRANSPORT_FAILURE(name, word, c, source) [RF_HTTP_##name] = (word),
#include <ringfence/failures.def>
        [RF_HTTP_TOO_LATE] = "deadline_exceeded",
    };
    return words[failure];
}

bool rf_failure_of_body(const char *word) {
    static const char *const words[] = {
#define RF_BODY_FAILURE(word, c, source) (word),
#include <ringfence/failures.def>
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

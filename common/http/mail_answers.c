// What a mail server said to each recipient. libcurl (7.88) tells only the last code of a dialogue,
// but its trace has every line of it, and it asks for one recipient after the other, in their
// order.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "http/transfer.h"

#define COMMAND "RCPT TO:"

// Lines of a reply but its last have a '-' behind the code.
static bool is_last_line(const char *line) {
    return strspn(line, "0123456789") == 3 && line[3] != '-';
}

static void note(struct rf_mail_answer *answer, const char *line) {
    const char *words = line + 3;
    words += strspn(words, " ");
    answer->code = atoi(line);
    rf_utf8_mend(words, strcspn(words, "\r\n"), answer->words, sizeof answer->words);
}

void rf_mail_answers_take(struct rf_http_transfer *t, curl_infotype kind, const char *line) {
    if (t->answers == NULL)
        return;
    if (kind == CURLINFO_HEADER_OUT) {
        t->asking = strncasecmp(line, COMMAND, strlen(COMMAND)) == 0 && t->asked < t->answer_count;
        t->asked += t->asking;
    } else if (kind == CURLINFO_HEADER_IN && t->asking && is_last_line(line)) {
        note(&t->answers[t->asked - 1], line);
        t->asking = false;
    }
}

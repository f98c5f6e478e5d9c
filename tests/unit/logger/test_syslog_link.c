// The way to a syslog receiver. getaddrinfo stands here, so that a host has the addresses that a
// test gives it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "syslog_link.h"

#define HOST "syslog.test"

static struct answer {
    struct addrinfo info;
    struct sockaddr_in address;
} answers[2];

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out) {
    (void)service, (void)hints;
    assert_string_equal(host, HOST);
    *out = &answers[0].info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info) {
    (void)info;
}

// Listens on the loopback, and is the answer of this place.
static int listen_as(size_t place, int backlog) {
    struct answer *answer = &answers[place];
    socklen_t size = sizeof answer->address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    answer->address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)&answer->address, size), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&answer->address, &size), 0);
    answer->info = (struct addrinfo){.ai_family = AF_INET,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_addrlen = size,
                                     .ai_addr = (struct sockaddr *)&answer->address,
                                     .ai_next = place == 0 ? &answers[1].info : NULL};
    return fd;
}

// Once its queue is full Linux drops what else wants to connect, without a word.
static void fill_queue(size_t place, int fds[2]) {
    const struct sockaddr_in *address = &answers[place].address;
    for (size_t i = 0; i < 2; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)!connect(fds[i], (const struct sockaddr *)address, sizeof *address);
    }
}

static void an_address_that_does_not_answer_leaves_time_to_the_next(void **state) {
    (void)state;
    int silent = listen_as(0, 0), good = listen_as(1, 5), waiting[2];
    struct rf_syslog_address address = {.transport = RF_SYSLOG_TCP};
    struct rf_error error = {0};
    char text[] = "5 hello", heard[sizeof text];
    size_t end = strlen(text);
    struct rf_syslog_batch batch = {.data = text, .ends = &end, .count = 1};
    fill_queue(0, waiting);
    snprintf(address.host, sizeof address.host, HOST);
    snprintf(address.port, sizeof address.port, "514");
    struct rf_syslog_link *link = rf_syslog_link_new(&address, NULL, rf_seconds(4));
    assert_non_null(link);
    if (rf_syslog_link_send(link, &batch, &error) != RF_OK)
        fail_msg("%s", error.message);
    int fd = accept(good, NULL, NULL);
    assert_int_equal(recv(fd, heard, sizeof heard, 0), end);
    assert_memory_equal(heard, text, end);
    rf_syslog_link_destroy(&link);
    const int all[] = {fd, waiting[0], waiting[1], silent, good};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        close(all[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_does_not_answer_leaves_time_to_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

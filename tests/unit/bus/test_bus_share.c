// The worker's demand for shares of limits, against a scripted broker.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ringfence/worker.h>

#include "fake_broker.h"

struct service {
    struct fake_broker *fake;
    struct rf_bus *bus;
    struct rf_worker *worker;
    unsigned came, terms, kept, asked_all, asked_news, shares;
    int64_t granted;
    struct rf_instant until;
    struct rf_limit_word word;
};

static void on_request(void *arg, const struct rf_call_request *request) {
    (void)arg;
    (void)request;
}

static void on_connected(void *arg, bool connected) {
    struct service *service = arg;
    service->came += connected ? 1 : 0;
    fake_wake(service->fake);
}

static void on_term(void *arg, bool kept) {
    struct service *service = arg;
    service->terms++;
    service->kept += kept ? 1 : 0;
    fake_wake(service->fake);
}

static bool on_demand(void *arg, bool all, struct rf_limit_demand *demand) {
    struct service *service = arg;
    service->asked_all += all ? 1 : 0;
    service->asked_news += all ? 0 : 1;
    service->word = (struct rf_limit_word){.service = "twilio", .kind = "tokens", .wanted = 2};
    demand->term = service->terms;
    demand->limits.items = &service->word;
    demand->limits.count = 1;
    return true;
}

static void on_share(void *arg, const struct rf_limit_share *share, struct rf_instant until) {
    struct service *service = arg;
    service->shares++;
    service->granted = share->limits.items[0].granted;
    service->until = until;
    fake_wake(service->fake);
}

static const struct rf_worker_handlers handlers = {.request = on_request,
                                                   .connected = on_connected,
                                                   .term = on_term,
                                                   .demand = on_demand,
                                                   .share = on_share};

static void serve(struct fake_broker *fake, struct service *service) {
    static const struct rf_worker_offer offer = {"telephony", 4};
    struct rf_error error;
    *service = (struct service){.fake = fake};
    if (rf_bus_new(fake->loop, &fake->config, "gateway", "gateway-1", &service->bus, &error) !=
            RF_OK ||
        rf_worker_new(service->bus, &offer, 1, &handlers, service, &service->worker, &error) !=
            RF_OK)
        fail_msg("%s", error.message);
    fake_until(fake, service->came == 1);
}

static void leave(struct service *service) {
    rf_worker_destroy(&service->worker);
    rf_bus_destroy(&service->bus);
}

static void a_term_begins_with_a_registration_and_is_demanded_with_each_heartbeat(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    fake->limits = true;
    fake_start(fake, "broker-1");
    serve(fake, &service);
    assert_int_equal(service.terms, 1);
    assert_int_equal(service.kept, 1);
    for (int i = 0; i < 3; i++) {
        struct rf_message *message = fake_expect(fake, RF_MESSAGE_limit_demand);
        const struct rf_limit_demand *demand = &message->as.limit_demand;
        assert_int_equal(demand->term, 1);
        assert_true(demand->answer);
        assert_true(demand->stamp > 0);
        assert_int_equal(demand->limits.items[0].wanted, 2);
        rf_message_destroy(&message);
    }
    leave(&service);
}

static void a_share_is_on_lease_from_the_stamp_of_its_demand(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    fake->limits = true;
    fake_start(fake, "broker-1");
    serve(fake, &service);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_limit_demand);
    struct rf_limit_grant grant = {.service = "twilio", .kind = "tokens", .granted = 7};
    struct rf_limit_share share = {.term = 1,
                                   .stamp = message->as.limit_demand.stamp,
                                   .lease_ns = RF_NS_PER_S,
                                   .limits = {&grant, 1}};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_limit_share, &share);
    fake_until(fake, service.shares == 1);
    assert_int_equal(service.granted, 7);
    assert_int_equal(service.until.ns, share.stamp + RF_NS_PER_S);
    rf_message_destroy(&message);
    leave(&service);
}

static void news_are_told_at_once_and_together(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    fake->limits = true;
    fake_start(fake, "broker-1");
    serve(fake, &service);
    for (int i = 0; i < 10; i++)
        rf_worker_demand_soon(service.worker);
    unsigned before = service.asked_all + service.asked_news;
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_limit_demand);
    assert_true(service.asked_all + service.asked_news <= before + 2); // a heartbeat's may be one
    rf_message_destroy(&message);
    leave(&service);
}

static void a_broker_that_keeps_no_limits_is_not_asked(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    fake_start(fake, "broker-1");
    serve(fake, &service);
    assert_int_equal(service.terms, 1);
    assert_int_equal(service.kept, 0);
    rf_worker_demand_soon(service.worker);
    unsigned beats = fake->beats;
    fake_until(fake, fake->beats >= beats + 3);
    assert_false(fake_has(fake, RF_MESSAGE_limit_demand));
    assert_int_equal(service.asked_all + service.asked_news, 0);
    leave(&service);
}

static void another_broker_begins_another_term(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    fake->limits = true;
    fake_start(fake, "broker-1");
    serve(fake, &service);
    fake_stop(fake);
    fake->limits = true;
    fake_start(fake, "broker-2");
    fake_until(fake, service.terms == 2);
    int64_t term = 0;
    while (term < 2) { // one of the term before may have been sent until it was known
        struct rf_message *message = fake_expect(fake, RF_MESSAGE_limit_demand);
        term = message->as.limit_demand.term;
        rf_message_destroy(&message);
    }
    assert_int_equal(term, 2);
    leave(&service);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_term_begins_with_a_registration_and_is_demanded_with_each_heartbeat, fake_setup,
            fake_teardown),
        cmocka_unit_test_setup_teardown(a_share_is_on_lease_from_the_stamp_of_its_demand,
                                        fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(news_are_told_at_once_and_together, fake_setup,
                                        fake_teardown),
        cmocka_unit_test_setup_teardown(a_broker_that_keeps_no_limits_is_not_asked, fake_setup,
                                        fake_teardown),
        cmocka_unit_test_setup_teardown(another_broker_begins_another_term, fake_setup,
                                        fake_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

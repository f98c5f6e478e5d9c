// A contact of an export, as CSV and as JSON.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "export_row.h"

static json_t *json_of(const char *text) {
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

enum what { HEADER, CSV, JSON };

static void expect(enum what what, const char *columns, const char *contact, const char *expected) {
    json_t *names = json_of(columns), *value = json_of(contact);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (what == HEADER)
        cli_export_header(out, names);
    else if (what == CSV)
        cli_export_csv(out, names, value);
    else
        cli_export_json(out, value);
    (void)fclose(out);
    assert_string_equal(text, expected);
    free(text);
    json_decref(names);
    json_decref(value);
}

#define DONE                                                                                       \
    "{\"line\":2,\"id\":\"spring-2\",\"phone\":\"+12025550100\",\"name\":\"=Ada\",\"fields\":"     \
    "{\"city\":\"@Bath\",\"State\":\"NY, NY\"},\"state\":\"done\",\"step\":\"dial\",\"outcome\":"  \
    "\"completed\",\"attempts\":2,\"created\":1795860000000000000,\"first_dial\":"                 \
    "1795860001500000000,\"ended\":1795860007000000000,\"provider\":\"twilio\",\"sids\":[\"CA1\"," \
    "\"CA2\"],\"duration_s\":31}"
#define NEW                                                                                        \
    "{\"line\":3,\"id\":\"spring-3\",\"phone\":\"+12025550101\",\"fields\":{},\"state\":\"new\","  \
    "\"step\":\"script\",\"attempts\":0,\"sids\":[]}"

static void the_lists_columns_follow_ours_and_take_no_name_of_ours(void **state) {
    (void)state;
    expect(HEADER, "[\"city\",\"State\",\"=x\"]", "{}",
           "line,id,phone,name,state,step,outcome,reason,message,attempts,created,first_dial,ended,"
           "provider,sids,duration_s,city,list.State,'=x\r\n");
}

static void csv_is_safe_for_a_spreadsheet_and_leaves_numbers_readable(void **state) {
    (void)state;
    expect(CSV, "[\"city\",\"State\"]", DONE,
           "2,spring-2,+12025550100,'=Ada,done,dial,completed,,,2,2026-11-28T10:00:00.000000Z,"
           "2026-11-28T10:00:01.500000Z,2026-11-28T10:00:07.000000Z,twilio,CA1 CA2,31,'@Bath,"
           "\"NY, NY\"\r\n");
    expect(CSV, "[\"city\"]", NEW, "3,spring-3,+12025550101,,new,script,,,,0,,,,,,,\r\n");
}

static void json_is_exact_and_tells_what_is_not_known(void **state) {
    (void)state;
    expect(JSON, "[]", DONE,
           "{\"line\":2,\"id\":\"spring-2\",\"phone\":\"+12025550100\",\"name\":\"=Ada\",\"state\":"
           "\"done\",\"step\":\"dial\",\"outcome\":\"completed\",\"reason\":null,\"message\":null,"
           "\"attempts\":2,\"created\":\"2026-11-28T10:00:00.000000Z\",\"first_dial\":"
           "\"2026-11-28T10:00:01.500000Z\",\"ended\":\"2026-11-28T10:00:07.000000Z\",\"provider\":"
           "\"twilio\",\"sids\":[\"CA1\",\"CA2\"],\"duration_s\":31,\"fields\":{\"city\":\"@Bath\","
           "\"State\":\"NY, NY\"}}\n");
    expect(JSON, "[]", NEW,
           "{\"line\":3,\"id\":\"spring-3\",\"phone\":\"+12025550101\",\"name\":null,\"state\":"
           "\"new\",\"step\":\"script\",\"outcome\":null,\"reason\":null,\"message\":null,"
           "\"attempts\":0,\"created\":null,\"first_dial\":null,\"ended\":null,\"provider\":null,"
           "\"sids\":[],\"duration_s\":null,\"fields\":{}}\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lists_columns_follow_ours_and_take_no_name_of_ours),
        cmocka_unit_test(csv_is_safe_for_a_spreadsheet_and_leaves_numbers_readable),
        cmocka_unit_test(json_is_exact_and_tells_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

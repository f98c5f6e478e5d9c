// Of a frame that cannot be decoded the rid is read all the same, where it and what says that it is
// one are whole.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/question.h"
#include "wire/wire.h"

#define BYTES(literal) (literal), sizeof(literal) - 1
#define PUT(n)                                                                                     \
    n "\xa1t\xa9"                                                                                  \
      "state.put"                                                                                  \
      "\xa1v\x01"
#define RID "\xa3rid\xa2r7"
#define KEY "\xa3key\xa1k"
#define CALL                                                                                       \
    "\xa1t\xac"                                                                                    \
    "call.request"                                                                                 \
    "\xa1v\x01"

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
    const char *rid; // NULL: none
} cases[] = {
    {"a text as the value", BYTES(PUT("\x85") RID KEY "\xa5value\xa1x"), "r7"},
    {"a missing field", BYTES(PUT("\x83") RID), "r7"},
    {"the rid behind what is wrong",
     BYTES(PUT("\x85") "\xa5value\x92\x01\x81\xa1x\x02"
                       "\xa3key\x05" RID),
     "r7"},
    {"the rid before type and version",
     BYTES("\x83" RID "\xa1v\x01\xa1t\xa9"
           "state.put"),
     "r7"},
    {"an unknown type", BYTES("\x83\xa1t\xa3new\xa1v\x01" RID), "r7"},
    {"a value that is cut off behind it", BYTES(PUT("\x85") RID KEY "\xa5value\xdd\xff"), "r7"},
    {"a value that is nested too deep",
     BYTES(PUT("\x84") "\xa5value\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91"
                       "\x91\x91\x91\x90" RID),
     "r7"},
    {"something behind the message", BYTES(PUT("\x83") RID "\x80"), "r7"},
    {"of two the first", BYTES(PUT("\x84") RID "\xa3rid\xa2r8"), "r7"},
    {"the id of a call",
     BYTES("\x84" CALL "\xa3rid\xa2r7\xa2id\xa2"
           "c9"),
     "c9"},
    {"a call without an id", BYTES("\x83" CALL RID), NULL},
    {"an id of another message",
     BYTES(PUT("\x83") "\xa2id\xa2"
                       "c9"),
     NULL},
    {"nothing at all", BYTES(""), NULL},
    {"no msgpack", BYTES("\xc1"), NULL},
    {"no map", BYTES("\x93" RID "\x01"), NULL},
    {"no rid", BYTES(PUT("\x82")), NULL},
    {"a number as rid", BYTES(PUT("\x83") "\xa3rid\x07"), NULL},
    {"bytes as rid", BYTES(PUT("\x83") "\xa3rid\xc4\x01r"), NULL},
    {"an empty rid", BYTES(PUT("\x83") "\xa3rid\xa0"), NULL},
    {"a rid that is no UTF-8", BYTES(PUT("\x83") "\xa3rid\xa1\xff"), NULL},
    {"a rid with NUL", BYTES(PUT("\x83") "\xa3rid\xa1\x00"), NULL},
    {"a rid that is cut off", BYTES(PUT("\x83") "\xa3rid\xa9r7"), NULL},
    {"a value that is cut off before it", BYTES(PUT("\x84") "\xa5value\xdd\xff" RID), NULL},
    {"no type", BYTES("\x82\xa1v\x01" RID), NULL},
    {"a type that is no text", BYTES("\x83\xa1t\x01\xa1v\x01" RID), NULL},
    {"no version",
     BYTES("\x82\xa1t\xa9"
           "state.put" RID),
     NULL},
    {"another version",
     BYTES("\x83\xa1t\xa9"
           "state.put\xa1v\x02" RID),
     NULL},
};

static void a_rid_is_read_where_it_and_its_envelope_are_whole(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char rid[RF_QUESTION_BYTES + 1] = "before";
        // Its own memory: what is read beyond it is found.
        unsigned char *bytes = malloc(cases[i].size + 1);
        assert_non_null(bytes);
        memcpy(bytes + 1, cases[i].bytes, cases[i].size);
        bool found = rf_wire_question(bytes + 1, cases[i].size, rid);
        free(bytes);
        if (found != (cases[i].rid != NULL) || (found && strcmp(rid, cases[i].rid) != 0))
            fail_msg("%s: %s", cases[i].name, found ? rid : "none");
        struct rf_message *message = NULL;
        struct rf_error error;
        if (rf_wire_decode(cases[i].bytes, cases[i].size, &message, &error) == RF_OK)
            fail_msg("%s: this is a message", cases[i].name);
    }
}

static void a_rid_of_255_bytes_is_read_and_a_longer_one_is_none(void **state) {
    (void)state;
    for (size_t size = 254; size <= 256; size++) {
        char rid[RF_QUESTION_BYTES + 1], text[300];
        unsigned char frame[400] = PUT("\x83") "\xa3rid\xda";
        size_t at = sizeof(PUT("\x83") "\xa3rid\xda") - 1;
        memset(text, 'r', size);
        frame[at++] = (unsigned char)(size >> 8);
        frame[at++] = (unsigned char)size;
        memcpy(frame + at, text, size);
        assert_int_equal(rf_wire_question(frame, at + size, rid), size <= 255);
        if (size <= 255) {
            assert_int_equal(strlen(rid), size);
            assert_memory_equal(rid, text, size);
        }
    }
}

// Whatever is cut off or changed: nothing is read beyond the frame.
static void a_broken_frame_is_never_left(void **state) {
    (void)state;
    static const char whole[] = PUT("\x85") KEY "\xa5value\x92\x01\x81\xa1x\x02" RID;
    for (size_t size = 0; size < sizeof whole; size++)
        for (int bit = 0; bit < 256; bit++) {
            char rid[RF_QUESTION_BYTES + 1];
            unsigned char *bytes = malloc(size + 1);
            assert_non_null(bytes);
            memcpy(bytes + 1, whole, size);
            if (size > 0)
                bytes[size] = (unsigned char)bit;
            (void)rf_wire_question(bytes + 1, size, rid);
            free(bytes);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rid_is_read_where_it_and_its_envelope_are_whole),
        cmocka_unit_test(a_rid_of_255_bytes_is_read_and_a_longer_one_is_none),
        cmocka_unit_test(a_broken_frame_is_never_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory) {
    if (memory == NULL)
        abort();
    return memory;
}

static char *sample_text(unsigned seed) {
    char text[64];
    snprintf(text, sizeof text, "text %u, \xc3\xa4\xe2\x82\xac\xf0\x9f\x93\x9e", seed);
    return must(strdup(text));
}

static json_t *sample_json(unsigned seed) {
    return must(json_pack("{s:i,s:f,s:s,s:n,s:b,s:[i,{s:[]}],s:I}", "n", (int)seed, "real",
                          seed + 0.25, "text", "\xc3\xa4", "nothing", "truth", 1, "list", -1,
                          "deep", "empty", "most", (json_int_t)INT64_MAX));
}

static void fill_list(const struct rf_field *field, void *at, unsigned seed, bool required_only) {
    const struct rf_shape *shape = field->item();
    struct rf_list_any list = {.count = 2 + seed % 2};
    list.items = must(calloc(list.count, shape->size));
    for (size_t i = 0; i < list.count; i++)
        rf_sample_fill(shape, (char *)list.items + i * shape->size, seed + 100 * (unsigned)(i + 1),
                       required_only);
    memcpy(at, &list, sizeof list);
}

static void fill_field(const struct rf_field *field, void *at, unsigned seed, bool required_only) {
    switch (field->kind) {
    case RF_FIELD_STR:
        *(char **)at = sample_text(seed);
        break;
    case RF_FIELD_I64:
        *(int64_t *)at = seed % 2 ? field->most : (field->least > 0 ? field->least : 1);
        break;
    case RF_FIELD_BOOL:
        *(bool *)at = true;
        break;
    case RF_FIELD_JSON:
        *(json_t **)at = sample_json(seed);
        break;
    case RF_FIELD_BIN: {
        struct rf_bytes *bytes = at;
        bytes->size = 300 + seed % 7;
        char *data = must(malloc(bytes->size));
        memset(data, (int)(seed % 256), bytes->size);
        bytes->data = data;
        break;
    }
    case RF_FIELD_STRS: {
        struct rf_strs *strs = at;
        strs->count = 2;
        strs->items = must(calloc(2, sizeof *strs->items));
        strs->items[0] = sample_text(seed + 7);
        strs->items[1] = must(strdup(""));
        break;
    }
    case RF_FIELD_LIST:
        fill_list(field, at, seed, required_only);
        break;
    }
}

void rf_sample_fill(const struct rf_shape *shape, void *body, unsigned seed, bool required_only) {
    for (size_t i = 0; i < shape->count; i++) {
        const struct rf_field *field = &shape->fields[i];
        if (field->required || !required_only)
            fill_field(field, (char *)body + field->offset, seed + (unsigned)i, required_only);
    }
}

void rf_sample_clear(const struct rf_shape *shape, void *body) {
    for (size_t i = 0; i < shape->count; i++) {
        const struct rf_field *field = &shape->fields[i];
        void *at = (char *)body + field->offset;
        if (field->kind == RF_FIELD_STR)
            free(*(void **)at);
        if (field->kind == RF_FIELD_JSON)
            json_decref(*(json_t **)at);
        if (field->kind == RF_FIELD_BIN)
            free((void *)((struct rf_bytes *)at)->data);
        if (field->kind == RF_FIELD_STRS) {
            struct rf_strs *strs = at;
            for (size_t k = 0; k < strs->count; k++)
                free((void *)strs->items[k]);
            free(strs->items);
        }
        if (field->kind == RF_FIELD_LIST) {
            struct rf_list_any list;
            memcpy(&list, at, sizeof list);
            for (size_t k = 0; k < list.count; k++)
                rf_sample_clear(field->item(), (char *)list.items + k * field->item()->size);
            free(list.items);
        }
    }
}

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_strs(const struct rf_strs *a, const struct rf_strs *b) {
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = same_text(a->items[i], b->items[i]);
    return same;
}

static bool same_list(const struct rf_shape *shape, const void *at, const void *bt) {
    struct rf_list_any a, b;
    memcpy(&a, at, sizeof a);
    memcpy(&b, bt, sizeof b);
    bool same = a.count == b.count;
    for (size_t i = 0; same && i < a.count; i++)
        same = rf_sample_equal(shape, (char *)a.items + i * shape->size,
                               (char *)b.items + i * shape->size);
    return same;
}

static bool same_field(const struct rf_field *field, const void *a, const void *b) {
    switch (field->kind) {
    case RF_FIELD_STR:
        return same_text(*(const char *const *)a, *(const char *const *)b);
    case RF_FIELD_I64:
        return *(const int64_t *)a == *(const int64_t *)b;
    case RF_FIELD_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case RF_FIELD_JSON: {
        const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
        return x == NULL || y == NULL ? x == y : json_equal(x, y);
    }
    case RF_FIELD_BIN: {
        const struct rf_bytes *x = a, *y = b;
        return x->size == y->size && (x->size == 0 || memcmp(x->data, y->data, x->size) == 0);
    }
    case RF_FIELD_STRS:
        return same_strs(a, b);
    case RF_FIELD_LIST:
        return same_list(field->item(), a, b);
    }
    return false;
}

bool rf_sample_equal(const struct rf_shape *shape, const void *a, const void *b) {
    for (size_t i = 0; i < shape->count; i++) {
        const struct rf_field *field = &shape->fields[i];
        if (!same_field(field, (const char *)a + field->offset, (const char *)b + field->offset)) {
            fprintf(stderr, "%s.%s differs\n", shape->name, field->name);
            return false;
        }
    }
    return true;
}

void *rf_sample_body(const struct rf_shape *shape) {
    return must(calloc(1, shape->size));
}

#include "events/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/utf8.h"

static const char replacement[] = "\xEF\xBF\xBD"; // U+FFFD
static const char ellipsis[] = "...";

void rf_text_fini(struct rf_text *text) {
    free(text->data);
    *text = (struct rf_text){0};
}

// Room for `more` bytes and the NUL.
static bool reserve(struct rf_text *text, size_t more) {
    size_t needed;
    if (text->failed)
        return false;
    if (__builtin_add_overflow(text->size, more, &needed) || needed > SIZE_MAX / 2 - 1) {
        text->failed = true;
        return false;
    }
    if (text->data != NULL && needed < text->capacity)
        return true;
    size_t capacity = text->capacity == 0 ? 256 : text->capacity;
    while (capacity <= needed)
        capacity *= 2;
    char *larger = realloc(text->data, capacity);
    if (larger == NULL) {
        text->failed = true;
        return false;
    }
    text->data = larger;
    text->capacity = capacity;
    return true;
}

char *rf_text_more_room(struct rf_text *text, size_t size) {
    return reserve(text, size) ? text->data + text->size : NULL;
}

void rf_text_add_more(struct rf_text *text, const void *data, size_t size) {
    if (!reserve(text, size))
        return;
    if (size > 0)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void rf_text_add(struct rf_text *text, const char *format, ...) {
    va_list arguments;
    if (strchr(format, '%') == NULL) {
        rf_text_add_bytes(text, format, strlen(format));
        return;
    }
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text->failed = true;
        return;
    }
    if (!reserve(text, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(text->data + text->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->size += (size_t)length;
}

static void add_character(struct rf_text *text, const char *bytes, size_t length, uint32_t code) {
    if (length == 0)
        rf_text_add_bytes(text, replacement, sizeof replacement - 1);
    else if (rf_utf8_is_control(code))
        rf_text_add_bytes(text, " ", 1);
    else
        rf_text_add_bytes(text, bytes, length);
}

void rf_text_add_number(struct rf_text *text, int64_t number) {
    static const char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334"
        "3536373839404142434445464748495051525354555657585960616263646566676869"
        "707172737475767778798081828384858687888990919293949596979899";
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    for (; left >= 100; left /= 100) {
        at -= 2;
        memcpy(digits + at, pairs + left % 100 * 2, 2);
    }
    do
        digits[--at] = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        digits[--at] = '-';
    rf_text_add_bytes(text, digits + at, sizeof digits - at);
}

// Those that are not printable ASCII.
static rf_block odd_ones(rf_block bytes) {
    return (rf_block)(bytes - ' ' >= 0x7f - ' ');
}

static bool is_plain(const char *text, size_t size) {
    if (size < sizeof(rf_block))
        return size == 0 || !rf_block_any(odd_ones(rf_block_of_few(text, size)));
    // The last block may overlap the one before it.
    rf_block odd = odd_ones(rf_block_at(text + size - sizeof(rf_block)));
    for (size_t i = 0; i + sizeof(rf_block) < size; i += sizeof(rf_block))
        odd |= odd_ones(rf_block_at(text + i));
    return !rf_block_any(odd);
}

void rf_text_add_clean(struct rf_text *text, const char *outside, size_t limit_bytes) {
    if (outside == NULL)
        return;
    size_t size = strlen(outside), start = text->size;
    if (size <= limit_bytes && is_plain(outside, size)) { // as nearly all are
        rf_text_add_bytes(text, outside, size);
        return;
    }
    // Where the text would be cut: the last place that leaves room for the dots.
    size_t cut = start;
    for (size_t i = 0; i < size && !text->failed;) {
        uint32_t code = 0;
        size_t length = rf_utf8_decode(outside + i, size - i, &code);
        add_character(text, outside + i, length, code);
        i += length == 0 ? 1 : length;
        if (text->failed)
            return;
        if (text->size - start + sizeof ellipsis - 1 <= limit_bytes)
            cut = text->size;
        if (text->size - start > limit_bytes) {
            text->size = cut;
            if (limit_bytes >= sizeof ellipsis - 1)
                rf_text_add_bytes(text, ellipsis, sizeof ellipsis - 1);
            else
                rf_text_add_bytes(text, "", 0);
            return;
        }
    }
}

char *rf_text_take(struct rf_text *text) {
    rf_text_add_bytes(text, "", 0);
    char *data = text->data;
    if (text->failed) {
        free(data);
        data = NULL;
    }
    *text = (struct rf_text){0};
    return data;
}

#include "top_keys.h"

#include <string.h>

// Keys of more than one byte.
enum {
    KEY_UP = 256,
    KEY_DOWN,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_HOME,
    KEY_F1,
    KEY_F3,
    KEY_F4,
    KEY_F6,
    KEY_F10,
    KEY_OTHER
};

#define ESCAPE    '\033'
#define BACKSPACE '\b'
#define DELETE    '\177'
#define CONTROL_U '\025'

// What stands behind ESC: of xterm, of the Linux console ("[[C"), and of a keypad ("O").
static const struct {
    const char *bytes;
    int key;
} sequences[] = {
    {"[A", KEY_UP},       {"OA", KEY_UP},         {"[B", KEY_DOWN}, {"OB", KEY_DOWN},
    {"[5~", KEY_PAGE_UP}, {"[6~", KEY_PAGE_DOWN}, {"[H", KEY_HOME}, {"OH", KEY_HOME},
    {"[1~", KEY_HOME},    {"OP", KEY_F1},         {"[11~", KEY_F1}, {"[[A", KEY_F1},
    {"OR", KEY_F3},       {"[13~", KEY_F3},       {"[[C", KEY_F3},  {"OS", KEY_F4},
    {"[14~", KEY_F4},     {"[[D", KEY_F4},        {"[17~", KEY_F6}, {"[21~", KEY_F10},
};

// How long the sequence behind ESC is: to its final byte.
static size_t length_of(const char *bytes, size_t size) {
    size_t at = 1;
    if (size == 0 || (bytes[0] != '[' && bytes[0] != 'O'))
        return 0;
    if (at < size && bytes[0] == '[' && bytes[at] == '[')
        at++;
    while (at < size && (bytes[at] < '@' || bytes[at] > '~'))
        at++;
    return at < size ? at + 1 : size;
}

static int next_key(const char **bytes, size_t *size) {
    int key = (unsigned char)**bytes;
    ++*bytes, --*size;
    size_t length = key == ESCAPE ? length_of(*bytes, *size) : 0;
    if (length == 0)
        return key;
    key = KEY_OTHER;
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++)
        if (strlen(sequences[i].bytes) == length && memcmp(sequences[i].bytes, *bytes, length) == 0)
            key = sequences[i].key;
    *bytes += length, *size -= length;
    return key;
}

// ---- the filter ----

// A character of UTF-8 goes away as one.
static void take_back(char *filter) {
    size_t length = strlen(filter);
    while (length > 0 && ((unsigned char)filter[length - 1] & 0xc0) == 0x80)
        length--;
    filter[length > 0 ? length - 1 : 0] = '\0';
}

static void type(struct cli_top_keys *keys, int key) {
    char *filter = keys->view.filter;
    size_t length = strlen(filter);
    if (key == '\r' || key == '\n') {
        keys->typing = false;
    } else if (key == ESCAPE) {
        keys->typing = false;
        filter[0] = '\0';
    } else if (key == BACKSPACE || key == DELETE) {
        take_back(filter);
    } else if (key == CONTROL_U) {
        filter[0] = '\0';
    } else if (key >= ' ' && key < 256 && length + 1 < CLI_TOP_FILTER_SIZE) {
        filter[length] = (char)key;
        filter[length + 1] = '\0';
    }
}

// ---- what is shown ----

static void order_by(struct cli_top_view *view, enum cli_top_order order) {
    view->order = order;
    view->inverted = false;
}

// As of htop. False: it is no such key.
static bool choose(struct cli_top_keys *keys, int key) {
    struct cli_top_view *view = &keys->view;
    static const struct {
        int key;
        enum cli_top_order order;
    } orders[] = {
        {'N', CLI_TOP_BY_NAME},   {'S', CLI_TOP_BY_STATE}, {'P', CLI_TOP_BY_LOAD},
        {'M', CLI_TOP_BY_MEMORY}, {'T', CLI_TOP_BY_TIME},
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        if (orders[i].key == key) {
            order_by(view, orders[i].order);
            return true;
        }
    if (key == '>' || key == KEY_F6)
        order_by(view, (view->order + 1) % CLI_TOP_ORDERS);
    else if (key == '<')
        order_by(view, (view->order + CLI_TOP_ORDERS - 1) % CLI_TOP_ORDERS);
    else if (key == 'I')
        view->inverted = !view->inverted;
    else if (key == '\\' || key == '/' || key == KEY_F4 || key == KEY_F3)
        keys->typing = true;
    else if (key == ESCAPE)
        view->filter[0] = '\0';
    else
        return false;
    return true;
}

static void move(struct cli_top_keys *keys, int key, size_t page) {
    size_t back = key == 'b' || key == KEY_PAGE_UP ? page : 1;
    switch (key) {
    case 'p':
        keys->paused = !keys->paused;
        break;
    case '?':
    case 'h':
    case KEY_F1:
        keys->help = !keys->help;
        break;
    case 'j':
    case KEY_DOWN:
        keys->skipped++;
        break;
    case ' ':
    case KEY_PAGE_DOWN:
        keys->skipped += page;
        break;
    case 'k':
    case KEY_UP:
    case 'b':
    case KEY_PAGE_UP:
        keys->skipped -= back < keys->skipped ? back : keys->skipped;
        break;
    case 'g':
    case KEY_HOME:
        keys->skipped = 0;
        break;
    default:
        break;
    }
}

bool cli_top_keys_take(struct cli_top_keys *keys, const char *bytes, size_t size, size_t page) {
    while (size > 0) {
        int key = next_key(&bytes, &size);
        if (keys->typing)
            type(keys, key);
        else if (key == 'q' || key == KEY_F10)
            return false;
        else if (!choose(keys, key))
            move(keys, key, page);
    }
    return true;
}

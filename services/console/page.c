#include "page.h"

#include <string.h>

const struct console_page_file *console_page_find(const char *path) {
    for (size_t i = 0; i < console_page_file_count; i++)
        if (strcmp(console_page_files[i].path, path) == 0)
            return &console_page_files[i];
    return NULL;
}

// The page's files, which are compiled in (embed.cmake).
#ifndef CONSOLE_PAGE_H
#define CONSOLE_PAGE_H

#include <stddef.h>

struct console_page_file {
    const char *path; // "/app.js"; index.html is "/"
    const char *type;
    const char *tag; // of its content, in quotes: the header ETag
    const unsigned char *data;
    size_t size;
};

// Made by embed.cmake.
extern const struct console_page_file console_page_files[];
extern const size_t console_page_file_count;

// console_page_find: the file under this path; NULL: there is none.
const struct console_page_file *console_page_find(const char *path);

#endif

#include "forwarded.h"

#include <arpa/inet.h>
#include <string.h>

#define TEXT_SIZE 64

static bool read_address(const char *text, unsigned char out[16]) {
    memset(out, 0, 16);
    if (inet_pton(AF_INET6, text, out) == 1)
        return true;
    memset(out, 0, 16);
    out[10] = out[11] = 0xff; // an IPv4 address as IPv6 writes it
    return inet_pton(AF_INET, text, out + 12) == 1;
}

static bool is_trusted(const unsigned char address[16], char *const *proxies, size_t count) {
    unsigned char proxy[16];
    for (size_t i = 0; i < count; i++)
        if (read_address(proxies[i], proxy) && memcmp(proxy, address, sizeof proxy) == 0)
            return true;
    return false;
}

// The last address of the first `*length` bytes, which are cut before it. False: it is none.
static bool last_of(const char *header, size_t *length, unsigned char out[16]) {
    char text[TEXT_SIZE];
    size_t end = *length;
    while (end > 0 && (header[end - 1] == ' ' || header[end - 1] == '\t'))
        end--;
    size_t begin = end;
    while (begin > 0 && strchr(", \t", header[begin - 1]) == NULL)
        begin--;
    if (end - begin >= sizeof text)
        return false;
    memcpy(text, header + begin, end - begin);
    text[end - begin] = '\0';
    while (begin > 0 && strchr(" \t", header[begin - 1]) != NULL)
        begin--;
    *length = begin > 0 && header[begin - 1] == ',' ? begin - 1 : 0;
    return read_address(text, out);
}

void console_forwarded(const char *header, char *const *proxies, size_t count,
                       unsigned char address[16]) {
    unsigned char heard[16];
    size_t length = header != NULL ? strlen(header) : 0;
    while (length > 0 && is_trusted(address, proxies, count) && last_of(header, &length, heard))
        memcpy(address, heard, sizeof heard);
}

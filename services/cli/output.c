#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "command.h"

// Of what failed. It is dropped then, so that the next flush may succeed; 0: it was a write in
// between, which nobody looked at.
static int cause;

void cli_output_hold(void) {
    // The lowest free number is given first. One that is for reading alone takes no output.
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

void cli_output_write(const char *data, size_t size) {
    if (fwrite(data, 1, size, stdout) != size)
        cause = errno;
}

bool cli_output_flush(void) {
    if (fflush(stdout) == 0)
        return !ferror(stdout);
    cause = errno;
    return false;
}

bool cli_output_gone(void) {
    struct pollfd output = {.fd = STDOUT_FILENO};
    return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

const char *cli_output_why(void) {
    return cause != 0 ? strerror(cause) : "a part of what was printed before is missing";
}

int cli_output_end(int code) {
    if (cli_output_flush() || cli_output_gone())
        return code;
    rf_log(RF_LOG_ERROR, "standard output cannot be written: %s", cli_output_why());
    return code == CLI_OK ? CLI_FAILED : code;
}

#include "runtime/open_files.h"

#include <sys/resource.h>

#include "base/log.h"

void rf_open_files_raise(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        rf_log(RF_LOG_WARNING, "cannot raise the limit of open files");
}

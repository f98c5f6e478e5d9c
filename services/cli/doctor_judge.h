// What the doctor makes of what it found. Pure.
#ifndef RF_CLI_DOCTOR_JUDGE_H
#define RF_CLI_DOCTOR_JUDGE_H

#include <ringfence/class.h>
#include <ringfence/time.h>

#include "doctor_list.h"
#include "http/client.h"

// doctor_version: a library whose version at run time is `running`, that this program was built
// with `built` and needs `least` at least; texts such as "4.3.4", of which the leading numbers
// count. FAIL: too old, or another major version. WARN: older than it was built with.
enum doctor_verdict doctor_version(const char *running, const char *built, const char *least);

// doctor_clock: how far our clock is ahead, and may be at most. FAIL never: calls go on, but
// signatures and the times of logs suffer.
enum doctor_verdict doctor_clock(struct rf_duration ahead, struct rf_duration most);

// doctor_key: of the answer to the probe: `class` is what the rules say of it, if its status is no
// 2xx.
enum doctor_verdict doctor_key(long status, enum rf_class class);

// doctor_transport_mend: what to do about a transfer that failed so; `key` is the key of the
// configuration that has the address. Never NULL. Returns out.
const char *doctor_transport_mend(enum rf_http_failure failure, const char *key, char *out,
                                  size_t size);

#endif

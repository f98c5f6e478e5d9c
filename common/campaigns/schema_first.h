// What the first version says in the same words in both databases.
#ifndef RF_CAMPAIGNS_SCHEMA_FIRST_H
#define RF_CAMPAIGNS_SCHEMA_FIRST_H

#include "campaigns/schema.h"

#define RF_FIRST_CONTACT_INDEXES                                                                   \
    "CREATE INDEX contact_queued ON contact (step, due, id) WHERE " RF_SCHEMA_QUEUED_4 ";"         \
    "CREATE INDEX contact_unended ON contact (campaign, state) WHERE " RF_SCHEMA_UNENDED ";"

#define RF_FIRST_CONTACT_MOVES                                                                     \
    "INSERT INTO contact_transition VALUES"                                                        \
    " ('new', 'scheduled'),"                                                                       \
    " ('scheduled', 'running.script'),"                                                            \
    " ('running.script', 'running.speech'),"                                                       \
    " ('running.script', 'running.dial'),"                                                         \
    " ('running.script', 'waiting.retry'),"                                                        \
    " ('running.script', 'waiting.breaker'),"                                                      \
    " ('running.script', 'set_aside'),"                                                            \
    " ('running.speech', 'running.dial'),"                                                         \
    " ('running.speech', 'waiting.retry'),"                                                        \
    " ('running.speech', 'waiting.breaker'),"                                                      \
    " ('running.speech', 'set_aside'),"                                                            \
    " ('running.dial', 'running.follow'),"                                                         \
    " ('running.dial', 'running.ask'),"                                                            \
    " ('running.dial', 'waiting.retry'),"                                                          \
    " ('running.dial', 'waiting.breaker'),"                                                        \
    " ('running.dial', 'waiting.window'),"                                                         \
    " ('running.dial', 'set_aside'),"                                                              \
    " ('running.ask', 'running.follow'),"                                                          \
    " ('running.ask', 'running.dial'),"                                                            \
    " ('running.ask', 'set_aside'),"                                                               \
    " ('running.follow', 'done'),"                                                                 \
    " ('waiting.retry', 'running.script'),"                                                        \
    " ('waiting.retry', 'running.speech'),"                                                        \
    " ('waiting.retry', 'running.dial'),"                                                          \
    " ('waiting.breaker', 'running.script'),"                                                      \
    " ('waiting.breaker', 'running.speech'),"                                                      \
    " ('waiting.breaker', 'running.dial'),"                                                        \
    " ('waiting.window', 'running.dial');"

#define RF_FIRST_ATTEMPT_INDEXES                                                                   \
    "CREATE UNIQUE INDEX attempt_open ON attempt (phone) WHERE " RF_SCHEMA_OPEN_1 ";"              \
    "CREATE UNIQUE INDEX attempt_sid ON attempt (sid) WHERE sid IS NOT NULL;"                      \
    "CREATE INDEX attempt_contact ON attempt (contact);"                                           \
    "CREATE INDEX attempt_phone ON attempt (phone);"

#define RF_FIRST_ATTEMPT_MOVES                                                                     \
    "INSERT INTO attempt_transition VALUES"                                                        \
    " ('intent', 'placed'), ('intent', 'unknown'), ('intent', 'absent'),"                          \
    " ('unknown', 'placed'), ('unknown', 'absent'), ('placed', 'ended');"

#endif

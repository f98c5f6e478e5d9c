// Records on their way to the disk, one behind the other in one block of memory: no allocation a
// record, and a whole batch changes hands by a swap of two queues.
#ifndef RF_BROKER_DISK_QUEUE_H
#define RF_BROKER_DISK_QUEUE_H

#include "record.h"

// Zero-initialised is empty.
struct rf_disk_queue {
    unsigned char *bytes;
    size_t size, room;
    size_t count;
};

// rf_disk_queue_put: appends a copy. False if out of memory.
bool rf_disk_queue_put(struct rf_disk_queue *queue, const struct rf_record *record);

// rf_disk_queue_move: moves all records of `from` to the end of `queue`. False if out of memory:
// nothing was moved.
bool rf_disk_queue_move(struct rf_disk_queue *queue, struct rf_disk_queue *from);

// rf_disk_queue_get: the record at place *at (0: the first) and moves *at behind it; false at the
// end. name and body point into the queue.
bool rf_disk_queue_get(const struct rf_disk_queue *queue, size_t *at, struct rf_record *record);

// rf_disk_queue_clear: empties it; a block that has grown beyond what is usual is given back.
void rf_disk_queue_clear(struct rf_disk_queue *queue);
void rf_disk_queue_fini(struct rf_disk_queue *queue);

#endif

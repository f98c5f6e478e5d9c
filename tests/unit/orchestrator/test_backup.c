// What a restore that cannot be finished leaves behind, and what several orchestrators make of one
// copy.
#include "database.h"

#include <string.h>

#include "campaigns/backup.h"

#define S RF_NS_PER_S
// 2026-11-28 00:00:00 UTC
#define NOW                                                                                        \
    (struct rf_utc) {                                                                              \
        1795824000 * S                                                                             \
    }

struct folder {
    char path[64], database[96], copy[96];
};

// In the folder.
static void run(const char *words, const char *path) {
    char command[256];
    snprintf(command, sizeof command, "cd %s && %s", path, words);
    assert_int_equal(system(command), 0);
}

// A database with one campaign, and a copy of it.
static void make(struct folder *folder) {
    struct rf_db *db;
    struct rf_error error = {0};
    int64_t bytes;
    strcpy(folder->path, "/tmp/rf-backup-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->database, sizeof folder->database, "%s/campaign.db", folder->path);
    snprintf(folder->copy, sizeof folder->copy, "%s/copy", folder->path);
    assert_int_equal(rf_sqlite_open(folder->database, &db, &error), RF_OK);
    assert_int_equal(rf_db_migrate(db, rf_schema_migrations, rf_schema_migration_count, &error),
                     RF_OK);
    assert_int_equal(
        database_exec(db, "INSERT INTO campaign (name, created, state) VALUES ('c', 1, 'running')"),
        RF_OK);
    rf_db_close(&db);
    if (rf_backup_make(folder->database, folder->copy, NOW, &bytes, &error) != RF_OK)
        fail_msg("%s", error.message);
}

static int64_t campaigns(const struct folder *folder, const char *where) {
    struct rf_db *db;
    struct rf_error error = {0};
    char sql[96];
    if (rf_sqlite_open(folder->database, &db, &error) != RF_OK)
        fail_msg("%s", error.message);
    snprintf(sql, sizeof sql, "SELECT count (*) FROM campaign WHERE %s", where);
    int64_t count = database_number(db, sql);
    rf_db_close(&db);
    return count;
}

static void a_restore_that_cannot_be_finished_leaves_all_as_it_was(void **state) {
    (void)state;
    struct folder folder;
    struct rf_backup_restored restored;
    struct rf_error error = {0};
    make(&folder);
    // Something is in the way when the file has gone aside already, and its log is to follow.
    run("touch campaign.db-wal", folder.path);
    run("mkdir -p campaign.db.before-20261128T000000Z-wal/x", folder.path);
    assert_int_equal(rf_backup_restore(folder.database, folder.copy, NOW, &restored, &error),
                     RF_ERR_IO);
    assert_non_null(strstr(error.message, "campaign.db.before-20261128T000000Z-wal: "));
    run("test -e campaign.db-wal", folder.path);
    run("test ! -e campaign.db.restoring", folder.path);
    assert_int_equal(campaigns(&folder, "state = 'running'"), 1);
    run("rm -r \"$PWD\"", folder.path);
}

// Killed between the names, as by kill -9: the database is gone, its successor has no name yet.
static void no_empty_database_takes_the_place_of_a_restore_that_was_broken_off(void **state) {
    (void)state;
    struct folder folder;
    struct rf_backup_restored restored;
    struct rf_db *db;
    struct rf_error error = {0};
    make(&folder);
    run("mv campaign.db before && cp copy campaign.db.restoring", folder.path);
    assert_int_equal(rf_sqlite_open(folder.database, &db, &error), RF_ERR_DAMAGED);
    assert_non_null(strstr(error.message, "a restore was broken off"));
    run("test ! -e campaign.db", folder.path);
    // Given again with a file that is none, it is as broken off as before.
    run("echo none > none", folder.path);
    char none[96];
    snprintf(none, sizeof none, "%s/none", folder.path);
    assert_int_not_equal(rf_backup_restore(folder.database, none, NOW, &restored, &error), RF_OK);
    assert_int_equal(rf_sqlite_open(folder.database, &db, &error), RF_ERR_DAMAGED);
    assert_int_equal(rf_backup_restore(folder.database, folder.copy, NOW, &restored, &error),
                     RF_OK);
    assert_string_equal(restored.aside, "");
    assert_int_equal(restored.paused, 1);
    assert_int_equal(campaigns(&folder, "state = 'paused' AND changed = 1795824000000000000"), 1);
    run("test ! -e campaign.db.restoring", folder.path);
    run("rm -r \"$PWD\"", folder.path);
}

// As two orchestrators do that begin on one copy, whichever comes first.
static void a_copy_is_marked_once_and_no_stream_of_a_living_one_is_closed(void **state) {
    (void)state;
    struct rf_db *db = database_open();
    struct rf_backup_restored restored;
    struct rf_error error = {0};
    assert_int_equal(database_exec(db,
                                   "INSERT INTO copy (made) VALUES (7);"
                                   "INSERT INTO stream (name, owner, next) VALUES ('gone', 0, 1)"),
                     RF_OK);
    assert_int_equal(rf_backup_mark(db, NOW, &restored, &error), RF_OK);
    assert_int_equal(restored.made.ns, 7);
    assert_int_equal(database_number(db, "SELECT count (*) FROM stream WHERE open = 1"), 1);
    assert_int_equal(database_number(db, "SELECT count (*) FROM stream WHERE name = 'gone'"
                                         " AND open = 0"),
                     1);
    assert_int_equal(rf_backup_mark(db, NOW, &restored, &error), RF_ERR_NOT_FOUND);
    assert_int_equal(database_number(db, "SELECT count (*) FROM restored"), 1);
    rf_db_close(&db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restore_that_cannot_be_finished_leaves_all_as_it_was),
        cmocka_unit_test(no_empty_database_takes_the_place_of_a_restore_that_was_broken_off),
        cmocka_unit_test(a_copy_is_marked_once_and_no_stream_of_a_living_one_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

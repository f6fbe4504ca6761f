// The floor of `signalbox restore`: the same entries, of all buckets, put into a new store in the order of their keys,
// by hand on raw liblmdb. Nothing is parsed, checked or worked out here: they lie in memory already.
//
//   load list STORE FILE     writes the entries of a store to a file: bucket's name, and each key and value
//   load fill FILE STORE     puts them into a new store: MDB_APPEND, 50,000 a transaction, one flush at the end
//
//   cc -O2 -o load load.c -llmdb
#include <lmdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { BUCKETS = 64, BATCH = 50000 };

static void check(int status, const char *call) {
    if (status == 0) return;
    fprintf(stderr, "load: %s: %s\n", call, mdb_strerror(status));
    exit(1);
}

static MDB_env *opened(const char *path, unsigned flags) {
    MDB_env *environment;
    check(mdb_env_create(&environment), "mdb_env_create");
    check(mdb_env_set_mapsize(environment, 16ULL << 30), "mdb_env_set_mapsize");
    check(mdb_env_set_maxdbs(environment, BUCKETS), "mdb_env_set_maxdbs");
    check(mdb_env_open(environment, path, flags, 0660), "mdb_env_open");
    return environment;
}

static void write_part(FILE *file, const void *bytes, size_t count) {
    uint32_t size = count;
    if (fwrite(&size, sizeof size, 1, file) != 1 || fwrite(bytes, 1, count, file) != count) {
        perror("load");
        exit(1);
    }
}

static void list_bucket(MDB_txn *txn, MDB_val name, FILE *file) {
    char text[128] = {0};
    memcpy(text, name.mv_data, name.mv_size < sizeof text ? name.mv_size : sizeof text - 1);
    MDB_dbi bucket;
    MDB_cursor *cursor;
    check(mdb_dbi_open(txn, text, 0, &bucket), "mdb_dbi_open");
    check(mdb_cursor_open(txn, bucket, &cursor), "mdb_cursor_open");
    write_part(file, text, strlen(text) + 1);
    MDB_val key, value;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        write_part(file, key.mv_data, key.mv_size);
        write_part(file, value.mv_data, value.mv_size);
    }
    write_part(file, "", 0);
    mdb_cursor_close(cursor);
}

static void list(const char *store, const char *path) {
    MDB_env *environment = opened(store, MDB_RDONLY);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror("load");
        exit(1);
    }
    MDB_txn *txn;
    MDB_dbi names;
    MDB_cursor *cursor;
    check(mdb_txn_begin(environment, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
    check(mdb_dbi_open(txn, NULL, 0, &names), "mdb_dbi_open");
    check(mdb_cursor_open(txn, names, &cursor), "mdb_cursor_open");
    MDB_val name, record;
    while (mdb_cursor_get(cursor, &name, &record, MDB_NEXT) == 0) list_bucket(txn, name, file);
    fclose(file);
    mdb_txn_abort(txn);
    mdb_env_close(environment);
}

static const uint8_t *read_all(const char *path, size_t *count) {
    struct stat status;
    FILE *file = fopen(path, "rb");
    if (!file || stat(path, &status) != 0) {
        perror("load");
        exit(1);
    }
    uint8_t *bytes = malloc(status.st_size);
    *count = fread(bytes, 1, status.st_size, file);
    fclose(file);
    return bytes;
}

static MDB_val part(const uint8_t **at) {
    uint32_t size;
    memcpy(&size, *at, sizeof size);
    MDB_val found = {size, (void *)(*at + sizeof size)};
    *at += sizeof size + size;
    return found;
}

static int64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fill(const char *path, const char *store) {
    size_t count, entries = 0;
    const uint8_t *bytes = read_all(path, &count), *at = bytes;
    int64_t wall = -nanoseconds(CLOCK_MONOTONIC), cpu = -nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    mkdir(store, 0750);
    MDB_env *environment = opened(store, MDB_NOSYNC);
    MDB_txn *txn;
    check(mdb_txn_begin(environment, NULL, 0, &txn), "mdb_txn_begin");
    while (at < bytes + count) {
        MDB_dbi bucket;
        check(mdb_dbi_open(txn, part(&at).mv_data, MDB_CREATE, &bucket), "mdb_dbi_open");
        for (MDB_val key = part(&at); key.mv_size > 0; key = part(&at)) {
            MDB_val value = part(&at);
            check(mdb_put(txn, bucket, &key, &value, MDB_APPEND), "mdb_put");
            if (++entries % BATCH == 0) {
                check(mdb_txn_commit(txn), "mdb_txn_commit");
                check(mdb_txn_begin(environment, NULL, 0, &txn), "mdb_txn_begin");
            }
        }
    }
    check(mdb_txn_commit(txn), "mdb_txn_commit");
    check(mdb_env_sync(environment, 1), "mdb_env_sync");
    wall += nanoseconds(CLOCK_MONOTONIC);
    cpu += nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    mdb_env_close(environment);
    printf("{\"entries\":%zu,\"fill\":{\"wall\":%lld,\"cpu\":%lld}}\n", entries, (long long)wall, (long long)cpu);
}

int main(int count, char **words) {
    if (count == 4 && strcmp(words[1], "list") == 0) {
        list(words[2], words[3]);
    } else if (count == 4 && strcmp(words[1], "fill") == 0) {
        fill(words[2], words[3]);
    } else {
        fputs("load: list STORE FILE, or fill FILE STORE\n", stderr);
        return 64;
    }
    return 0;
}

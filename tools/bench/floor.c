// The floor: the puts and deletes of a dispatch's life, by hand on raw liblmdb. What Signalbox costs above this is the
// price of its rules, its records and its language. Nothing is checked, computed or encoded here; the only reads are
// those nobody can do without: what is ready, the record to change, the request to hand out.
//
// Keys are shaped as Signalbox's are, values have the sizes that its own are measured to have (--sizes), and every
// transaction writes counters, event and state as its does. `tools/bench/run` compares the number of puts and deletes.
// With --cursors kept it goes one step further than most would, and keeps a cursor for each bucket through a transaction,
// as Signalbox does.
//
//   cc -O2 -o floor floor.c -llmdb -lpthread
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { META, DISPATCHES, REQUESTS, ATTEMPTS, READY, RUNNING, BY_STATE, EVENTS, COUNTERS, HISTORY, BUCKETS = 21 };
// As many as Signalbox has: each costs a transaction something, used or not.
static const char *names[BUCKETS] = {
    "meta", "dispatches", "requests", "attempts", "dispatch.ready", "dispatch.running", "dispatch.by-state", "events",
    "counters", "history", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t",
};
enum { PENDING = 2, IN_PROGRESS = 3, SUCCESS = 4, STATES = 8 };

// Bytes of each value; an event has so many and so many more for each change in it.
static struct { size_t request, dispatch, attempt, counter, state, history, event, change; } sizes =
    {110, 142, 60, 13, 141, 50, 17, 24};
static const char queue[] = "default"; // with its zero byte, 8 bytes of a key
enum { QUEUE = sizeof queue, READY_KEY = QUEUE + 17, EVENT_LIMIT = 8 << 20 };

static MDB_env *environment;
static MDB_dbi bucket[BUCKETS];

static void check(int status, const char *call) {
    if (status == 0) return;
    fprintf(stderr, "floor: %s: %s\n", call, mdb_strerror(status));
    exit(1);
}

// MARK: Keys

static uint8_t *big(uint8_t *at, uint64_t number) {
    number = __builtin_bswap64(number);
    memcpy(at, &number, 8);
    return at + 8;
}
static uint64_t number(const uint8_t *at) {
    uint64_t found;
    memcpy(&found, at, 8);
    return __builtin_bswap64(found);
}
static MDB_val id_key(uint8_t *at, uint64_t id) { return (MDB_val){big(at, id) - at, at}; }
static MDB_val pair_key(uint8_t *at, uint64_t one, uint64_t two) { return (MDB_val){big(big(at, one), two) - at, at}; }
static MDB_val state_key(uint8_t *at, uint8_t state, uint64_t id) {
    at[0] = state;
    return (MDB_val){big(at + 1, id) - at, at};
}
static MDB_val ready_key(uint8_t *at, uint64_t due, uint64_t id) {
    memcpy(at, queue, QUEUE);
    at[QUEUE] = 100;
    return (MDB_val){big(big(at + QUEUE + 1, due), id) - at, at};
}
static MDB_val attempt_key(uint8_t *at, uint64_t id) {
    memcpy(big(at, id), "\0\0\0\1", 4);
    return (MDB_val){12, at};
}
static MDB_val counter_key(uint8_t *at, uint8_t state) {
    at[0] = 1;
    memcpy(at + 1, queue, QUEUE);
    at[1 + QUEUE] = state;
    return (MDB_val){QUEUE + 2, at};
}

// MARK: One transaction

// The head of the state record; the rest of its size is padding.
struct state { uint64_t sequence, next, first_event, event_bytes; };
struct transaction {
    MDB_txn *txn;
    MDB_cursor *cursors[BUCKETS]; // NULL: not opened yet, or none are kept
    struct state state;
    int64_t steps[STATES];
    size_t changes;
};
static _Thread_local uint8_t scratch[1 << 20];
static uint64_t puts_done, deletes_done;

static int keeps_cursors;

static MDB_cursor *cursor(struct transaction *t, int where) {
    if (!t->cursors[where]) check(mdb_cursor_open(t->txn, bucket[where], &t->cursors[where]), "mdb_cursor_open");
    return t->cursors[where];
}
static void put(struct transaction *t, int where, MDB_val key, size_t size) {
    MDB_val value = {size, scratch};
    puts_done++;
    if (keeps_cursors) check(mdb_cursor_put(cursor(t, where), &key, &value, 0), "mdb_cursor_put");
    else check(mdb_put(t->txn, bucket[where], &key, &value, 0), "mdb_put");
}
static MDB_val get(struct transaction *t, int where, MDB_val key) {
    MDB_val value;
    if (keeps_cursors) check(mdb_cursor_get(cursor(t, where), &key, &value, MDB_SET), "mdb_cursor_get");
    else check(mdb_get(t->txn, bucket[where], &key, &value), "mdb_get");
    return value;
}
static void delete(struct transaction *t, int where, MDB_val key) {
    deletes_done++;
    if (keeps_cursors) {
        get(t, where, key);
        check(mdb_cursor_del(t->cursors[where], 0), "mdb_cursor_del");
    } else {
        check(mdb_del(t->txn, bucket[where], &key, NULL), "mdb_del");
    }
}
static MDB_val state_name(void) { return (MDB_val){6, "state"}; }

static struct transaction begin(void) {
    struct transaction t = {0};
    check(mdb_txn_begin(environment, NULL, 0, &t.txn), "mdb_txn_begin");
    memcpy(&t.state, get(&t, META, state_name()).mv_data, sizeof t.state);
    return t;
}

static void write_counters(struct transaction *t) {
    uint8_t at[32];
    for (int state = 0; state < STATES; state++) {
        if (t->steps[state] == 0) continue;
        MDB_val key = counter_key(at, state), value;
        uint64_t count = 0;
        if (mdb_get(t->txn, bucket[COUNTERS], &key, &value) == 0) memcpy(&count, value.mv_data, 8);
        count += t->steps[state];
        memcpy(scratch, &count, 8);
        if (count) put(t, COUNTERS, key, sizes.counter);
        else delete(t, COUNTERS, key);
    }
}

static void write_event(struct transaction *t) {
    uint8_t at[8];
    size_t size = sizes.event + t->changes * sizes.change;
    put(t, EVENTS, id_key(at, t->state.sequence), size);
    t->state.event_bytes += size;
    while (t->state.event_bytes > EVENT_LIMIT) {
        MDB_val oldest = get(t, EVENTS, id_key(at, t->state.first_event));
        t->state.event_bytes -= oldest.mv_size;
        delete(t, EVENTS, id_key(at, t->state.first_event++));
    }
}

// The record of the hour, when something ended.
static void write_history(struct transaction *t) {
    uint8_t at[10] = {[8] = 3};
    MDB_val key = {sizeof at, at}, value;
    if (t->steps[SUCCESS] == 0) return;
    if (mdb_get(t->txn, bucket[HISTORY], &key, &value) == 0) memcpy(scratch, value.mv_data, value.mv_size);
    put(t, HISTORY, key, sizes.history);
}

static void commit(struct transaction *t) {
    if (t->changes) {
        write_counters(t);
        write_history(t);
        t->state.sequence++;
        write_event(t);
        memcpy(scratch, &t->state, sizeof t->state);
        put(t, META, state_name(), sizes.state);
    }
    check(mdb_txn_commit(t->txn), "mdb_txn_commit");
}

// The dispatch goes from a state to another; `from` 0: it is new.
static void move(struct transaction *t, uint64_t id, uint8_t from, uint8_t to) {
    uint8_t at[16];
    if (from) {
        t->steps[from]--;
        delete(t, BY_STATE, state_key(at, from, id));
    }
    t->steps[to]++;
    t->changes++;
    put(t, BY_STATE, state_key(at, to, id), 0);
    memcpy(scratch, &id, 8);
    put(t, DISPATCHES, id_key(at, id), sizes.dispatch);
}

// MARK: A dispatch's life

static void enqueue(struct transaction *t, size_t count) {
    uint8_t at[READY_KEY];
    for (size_t done = 0; done < count; done++) {
        uint64_t id = t->state.next++;
        put(t, REQUESTS, id_key(at, id), sizes.request);
        put(t, READY, ready_key(at, 1, id), 0);
        move(t, id, 0, PENDING);
    }
}

// Takes the first `limit` of the queue; their numbers go to `ids`, and `keys` is room for their keys.
static size_t claim(struct transaction *t, uint64_t worker, size_t limit, uint64_t *ids, uint8_t (*keys)[READY_KEY]) {
    uint8_t at[READY_KEY];
    MDB_cursor *cursor;
    MDB_val key = {QUEUE, (void *)queue}, value;
    size_t found = 0;
    check(mdb_cursor_open(t->txn, bucket[READY], &cursor), "mdb_cursor_open");
    int status = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; status == 0 && found < limit; status = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        if (key.mv_size != READY_KEY || memcmp(key.mv_data, queue, QUEUE)) break;
        memcpy(keys[found], key.mv_data, READY_KEY);
        ids[found++] = number((uint8_t *)key.mv_data + READY_KEY - 8);
    }
    mdb_cursor_close(cursor);
    for (size_t index = 0; index < found; index++) {
        uint64_t id = ids[index];
        MDB_val request = get(t, REQUESTS, id_key(at, id)), record = get(t, DISPATCHES, id_key(at, id));
        memcpy(scratch, request.mv_data, request.mv_size);
        memcpy(scratch, record.mv_data, record.mv_size);
        delete(t, READY, (MDB_val){READY_KEY, keys[index]});
        put(t, RUNNING, pair_key(at, worker, id), 0);
        move(t, id, PENDING, IN_PROGRESS);
    }
    return found;
}

static void finish(struct transaction *t, uint64_t worker, size_t count, const uint64_t *ids) {
    uint8_t at[16];
    for (size_t index = 0; index < count; index++) {
        uint64_t id = ids[index];
        MDB_val record = get(t, DISPATCHES, id_key(at, id));
        memcpy(scratch, record.mv_data, record.mv_size);
        put(t, ATTEMPTS, attempt_key(at, id), sizes.attempt);
        delete(t, RUNNING, pair_key(at, worker, id));
        move(t, id, IN_PROGRESS, SUCCESS);
    }
}

// MARK: Measuring

static int64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

struct meter { int64_t wall, cpu; };
static void start(struct meter *m) {
    m->wall -= nanoseconds(CLOCK_MONOTONIC);
    m->cpu -= nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}
static void stop(struct meter *m) {
    m->cpu += nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    m->wall += nanoseconds(CLOCK_MONOTONIC);
}

// Bytes this process has handed to write(2) so far.
static int64_t bytes_written(void) {
    long long found = 0;
    FILE *file = fopen("/proc/self/io", "r");
    char line[128];
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "wchar: %lld", &found) == 1) break;
    }
    if (file) fclose(file);
    return found;
}

static void print_meter(const char *name, struct meter m) {
    printf("\"%s\":{\"wall\":%lld,\"cpu\":%lld},", name, (long long)m.wall, (long long)m.cpu);
}

static const char *option(int count, char **words, const char *name) {
    for (int index = 2; index + 1 < count; index++) {
        if (strncmp(words[index], "--", 2) == 0 && strcmp(words[index] + 2, name) == 0) return words[index + 1];
    }
    fprintf(stderr, "floor: --%s is missing\n", name);
    exit(64);
}
static int has_option(int count, char **words, const char *name) {
    for (int index = 2; index < count; index++) {
        if (strncmp(words[index], "--", 2) == 0 && strcmp(words[index] + 2, name) == 0) return 1;
    }
    return 0;
}
static size_t number_option(int count, char **words, const char *name) {
    return strtoull(option(count, words, name), NULL, 10);
}

static void open_store(const char *path) {
    mkdir(path, 0750);
    check(mdb_env_create(&environment), "mdb_env_create");
    check(mdb_env_set_mapsize(environment, 16ULL << 30), "mdb_env_set_mapsize");
    check(mdb_env_set_maxreaders(environment, 1024), "mdb_env_set_maxreaders");
    check(mdb_env_set_maxdbs(environment, BUCKETS + 4), "mdb_env_set_maxdbs");
    check(mdb_env_open(environment, path, MDB_NOTLS, 0660), "mdb_env_open");
    MDB_txn *txn;
    check(mdb_txn_begin(environment, NULL, 0, &txn), "mdb_txn_begin");
    for (int index = 0; index < BUCKETS; index++) {
        check(mdb_dbi_open(txn, names[index], MDB_CREATE, &bucket[index]), "mdb_dbi_open");
    }
    MDB_val key = state_name(), value;
    if (mdb_get(txn, bucket[META], &key, &value) == MDB_NOTFOUND) {
        struct state state = {.sequence = 0, .next = 1, .first_event = 1};
        memcpy(scratch, &state, sizeof state);
        value = (MDB_val){sizes.state, scratch};
        check(mdb_put(txn, bucket[META], &key, &value, 0), "mdb_put");
    }
    check(mdb_txn_commit(txn), "mdb_txn_commit");
}

// MARK: The modes

static void insert(size_t count, size_t batch, const char *name) {
    struct meter meter = {0};
    int64_t bytes = bytes_written();
    start(&meter);
    for (size_t done = 0; done < count; done += batch) {
        struct transaction t = begin();
        enqueue(&t, count - done < batch ? count - done : batch);
        commit(&t);
    }
    stop(&meter);
    printf("{\"count\":%zu,", count);
    print_meter(name, meter);
    printf("\"written\":%lld}\n", (long long)(bytes_written() - bytes));
}

// Enqueue, claim and finish `batch` at a time, three transactions; what waits already is claimed first.
static void live(size_t count, size_t batch, double limit) {
    struct meter enqueueing = {0}, claiming = {0}, finishing = {0};
    uint64_t *ids = calloc(batch, sizeof *ids);
    uint8_t(*keys)[READY_KEY] = calloc(batch, READY_KEY);
    int64_t bytes = bytes_written(), deadline = nanoseconds(CLOCK_MONOTONIC) + (int64_t)(limit * 1e9);
    size_t done = 0;
    while (done < count && nanoseconds(CLOCK_MONOTONIC) < deadline) {
        start(&enqueueing);
        struct transaction t = begin();
        enqueue(&t, batch);
        commit(&t);
        stop(&enqueueing);
        start(&claiming);
        t = begin();
        size_t found = claim(&t, 1, batch, ids, keys);
        commit(&t);
        stop(&claiming);
        start(&finishing);
        t = begin();
        finish(&t, 1, found, ids);
        commit(&t);
        stop(&finishing);
        done += batch;
    }
    printf("{\"count\":%zu,\"puts\":%llu,\"deletes\":%llu,", done, (unsigned long long)puts_done,
        (unsigned long long)deletes_done);
    print_meter("enqueue", enqueueing);
    print_meter("claim", claiming);
    print_meter("complete", finishing);
    printf("\"written\":%lld}\n", (long long)(bytes_written() - bytes));
}

// Empties the queue: what was claimed is finished in the transaction that claims the next.
static void drain(size_t batch, uint64_t worker) {
    struct meter meter = {0};
    uint64_t *ids = calloc(batch, sizeof *ids), *claimed = calloc(batch, sizeof *claimed);
    uint8_t(*keys)[READY_KEY] = calloc(batch, READY_KEY);
    size_t held = 0, done = 0;
    int64_t bytes = bytes_written(), began = nanoseconds(CLOCK_MONOTONIC);
    start(&meter);
    do {
        struct transaction t = begin();
        finish(&t, worker, held, claimed);
        done += held;
        held = claim(&t, worker, batch, ids, keys);
        commit(&t);
        memcpy(claimed, ids, held * sizeof *ids);
    } while (held);
    stop(&meter);
    printf("{\"count\":%zu,\"began\":%lld,\"ended\":%lld,", done, (long long)began,
        (long long)nanoseconds(CLOCK_MONOTONIC));
    print_meter("drain", meter);
    printf("\"written\":%lld}\n", (long long)(bytes_written() - bytes));
}

// Group commit: whoever finds no leader writes for all that wait, and tells them.
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t waiting;
    uint64_t gathering, written; // numbers of batches
    int has_leader;
} group = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 1, 0, 0};

static void group_enqueue(void) {
    pthread_mutex_lock(&group.mutex);
    uint64_t mine = group.gathering;
    group.waiting++;
    while (group.written < mine) {
        if (group.has_leader) {
            pthread_cond_wait(&group.changed, &group.mutex);
            continue;
        }
        size_t count = group.waiting;
        group.waiting = 0;
        group.gathering++;
        group.has_leader = 1;
        pthread_mutex_unlock(&group.mutex);
        struct transaction t = begin();
        enqueue(&t, count);
        commit(&t);
        pthread_mutex_lock(&group.mutex);
        group.written++;
        group.has_leader = 0;
        pthread_cond_broadcast(&group.changed);
    }
    pthread_mutex_unlock(&group.mutex);
}

static void *call(void *count) {
    for (size_t left = (size_t)count; left > 0; left--) group_enqueue();
    return NULL;
}

static void gather(size_t callers, size_t count) {
    struct meter meter = {0};
    pthread_t *threads = calloc(callers, sizeof *threads);
    int64_t bytes = bytes_written();
    start(&meter);
    void *each = (void *)(count / callers);
    for (size_t index = 0; index < callers; index++) pthread_create(&threads[index], NULL, call, each);
    for (size_t index = 0; index < callers; index++) pthread_join(threads[index], NULL);
    stop(&meter);
    printf("{\"count\":%zu,", count / callers * callers);
    print_meter("enqueue", meter);
    printf("\"written\":%lld}\n", (long long)(bytes_written() - bytes));
}

static int ascending(const void *one, const void *other) {
    int64_t difference = *(const int64_t *)one - *(const int64_t *)other;
    return difference < 0 ? -1 : difference > 0;
}

// What this disk takes to make 4 KiB durable.
static void synchronise(const char *path, size_t count) {
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int64_t *times = calloc(count, sizeof *times);
    for (size_t index = 0; index < count; index++) {
        int64_t began = nanoseconds(CLOCK_MONOTONIC);
        if (pwrite(file, scratch, 4096, 0) != 4096 || fdatasync(file) != 0) check(EIO, "fdatasync");
        times[index] = nanoseconds(CLOCK_MONOTONIC) - began;
    }
    close(file);
    unlink(path);
    qsort(times, count, sizeof *times, ascending);
    printf("{\"count\":%zu,\"p50\":%lld,\"p99\":%lld}\n", count, (long long)times[count / 2],
        (long long)times[count * 99 / 100]);
}

// Starts /bin/true and waits for it, again and again, with the variables that a worker gives its commands.
static void spawn(size_t count) {
    char *arguments[] = {"/bin/true", NULL};
    char *environ[] = {
        "HOME=/root", "LANG=C.UTF-8", "LOGNAME=root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "SHELL=/bin/sh", "SIGNALBOX_ATTEMPT=1", "SIGNALBOX_CONTROL_FD=3", "SIGNALBOX_DEADLINE=2027-01-01T00:00:00Z",
        "SIGNALBOX_DISPATCH=1000", "SIGNALBOX_RUN_ID=0123456789abcdef0123456789abcdef-1000-1000", "USER=root", NULL};
    struct meter meter = {0};
    start(&meter);
    for (size_t index = 0; index < count; index++) {
        pid_t child;
        int status;
        if (posix_spawn(&child, arguments[0], NULL, NULL, arguments, environ) != 0) check(EIO, "posix_spawn");
        if (waitpid(child, &status, 0) != child || status != 0) check(EIO, "/bin/true");
    }
    stop(&meter);
    printf("{\"count\":%zu,", count);
    print_meter("spawn", meter);
    printf("\"written\":0}\n");
}

// Holds the start until the parent writes a line, so that several processes begin together.
static void await_go(void) {
    puts("ready");
    fflush(stdout);
    if (getchar() == EOF) exit(1);
}

int main(int count, char **words) {
    const char *mode = count > 1 ? words[1] : "";
    if (strcmp(mode, "spawn") == 0) {
        spawn(number_option(count, words, "count"));
        return 0;
    }
    const char *path = option(count, words, "store");
    if (strcmp(mode, "fsync") == 0) {
        synchronise(path, number_option(count, words, "count"));
        return 0;
    }
    if (sscanf(option(count, words, "sizes"), "%zu,%zu,%zu,%zu,%zu,%zu,%zu,%zu", &sizes.request, &sizes.dispatch,
            &sizes.attempt, &sizes.counter, &sizes.state, &sizes.history, &sizes.event, &sizes.change) != 8) {
        fputs("floor: --sizes takes request,dispatch,attempt,counter,state,history,event,change\n", stderr);
        return 64;
    }
    keeps_cursors = has_option(count, words, "cursors");
    open_store(path);
    if (strcmp(mode, "enqueue") == 0) {
        insert(number_option(count, words, "count"), number_option(count, words, "batch"), "enqueue");
    } else if (strcmp(mode, "life") == 0) {
        live(number_option(count, words, "count"), number_option(count, words, "batch"),
            strtod(option(count, words, "seconds"), NULL));
    } else if (strcmp(mode, "drain") == 0) {
        await_go();
        drain(number_option(count, words, "batch"), number_option(count, words, "worker"));
    } else if (strcmp(mode, "callers") == 0) {
        gather(number_option(count, words, "callers"), number_option(count, words, "count"));
    } else {
        fprintf(stderr, "floor: no mode %s\n", mode);
        return 64;
    }
    mdb_env_close(environment);
    return 0;
}

/* slswasm.h: guests of slswasm in C, in one header and without a C library.
 *
 * Include it in one file, which defines two functions:
 *
 *     // Answers with the descriptor, JSON text (abi/ABI.md, "init"). The
 *     // configuration is gone afterwards: copy what is kept.
 *     slswasm_text slswasm_init(slswasm_text config);
 *
 *     // Is called for each log. A log of which nothing is said is kept.
 *     void slswasm_transform(slswasm_log *log);
 *
 *     clang --target=wasm32 -nostdlib -O2 -mbulk-memory -Wl,--no-entry -o guest.wasm guest.c
 *
 * Texts are any bytes, need no NUL at their end, and belong to the batch: they
 * are good until the function returns, and are not to be written to. A slot of
 * a number that was not declared is not checked for. Memory that the host
 * refuses is a trap, which costs the log in hand and no other.
 */
#ifndef SLSWASM_H
#define SLSWASM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	const uint8_t *at; /* NULL: there is no such field */
	uint32_t len;      /* in bytes */
} slswasm_text;

/* A text of a literal: SLSWASM_TEXT("__topic__"). */
#define SLSWASM_TEXT(literal) ((slswasm_text){(const uint8_t *)(literal), sizeof(literal) - 1})

/* A declared field as a key: SLSWASM_SLOT(0) is the first of the descriptor. */
#define SLSWASM_SLOT(n) ((slswasm_text){0, UINT32_C(0x80000000) | (n)})

typedef struct {
	const uint8_t *batch, *record;
	uint32_t verdict; /* where it starts in the reply */
	uint32_t count;   /* where the number of emitted events stands; 0: none */
} slswasm_log;

enum { SLSWASM_INDEX = 1, SLSWASM_SOURCE = 2, SLSWASM_SOURCETYPE = 3, SLSWASM_HOST = 4,
       SLSWASM_APP_NAME = 18, SLSWASM_PROCID = 19, SLSWASM_MSGID = 20, SLSWASM_HOSTNAME = 21, SLSWASM_ROUTE = 32 };
enum { SLSWASM_DEBUG = 0, SLSWASM_INFO = 1, SLSWASM_WARN = 2, SLSWASM_ERROR = 3 };
enum { SLSWASM_CLONE = 0, SLSWASM_EMPTY = 1 };

slswasm_text slswasm_init(slswasm_text config);
void slswasm_transform(slswasm_log *log);

__attribute__((import_module("slswasm_v1"), import_name("log")))
void slswasm_import_log(int32_t level, const void *text, uint32_t len);

/* One line for the host's log. */
static inline void slswasm_print(int32_t level, slswasm_text line) { slswasm_import_log(level, line.at, line.len); }

/* ---- JSON: the host reads it; ABI.md, "The tape" ---- */

enum { SLSWASM_NULL = 1, SLSWASM_BOOL, SLSWASM_NUMBER, SLSWASM_STRING, SLSWASM_OBJECT, SLSWASM_ARRAY, SLSWASM_END };
enum { SLSWASM_ESCAPED = 1, SLSWASM_KEY_ESCAPED = 2, SLSWASM_MARKED = 4 };

typedef struct {
	uint8_t kind, flags;
	uint16_t depth;
	uint32_t next, key_at, key_len, at, len;
} slswasm_entry;

/* Writes the tape of a text: how many entries, 0 if it is not JSON, -1 if there
 * are more than most. */
__attribute__((import_module("slswasm_v1"), import_name("json")))
int32_t slswasm_json(const void *text, uint32_t len, slswasm_entry *tape, uint32_t most);

/* ---- metrics: what people see beside the host's own numbers ---- */

enum { SLSWASM_COUNTER = 0, SLSWASM_GAUGE = 1 };

/* A counter or a gauge, in a static variable. After slswasm_init has declared
 * it, slswasm_add(&refused, 1) counts. The host hears of it once a batch. */
typedef struct slswasm_metric {
	uint32_t kind, number;
	bool said;
	double value; /* of the batch under way */
	struct slswasm_metric *next;
} slswasm_metric;

__attribute__((import_module("slswasm_v1"), import_name("metric")))
uint32_t slswasm_import_metric(uint32_t kind, const void *name, uint32_t len);
__attribute__((import_module("slswasm_v1"), import_name("count")))
void slswasm_import_count(uint32_t number, double value);

static slswasm_metric *slswasm_metrics;
static void (*slswasm_tell)(void); /* unset, so that a guest without metrics does not import them */

static inline void slswasm_tell_metrics(void) {
	for (slswasm_metric *m = slswasm_metrics; m; m = m->next) {
		if (!m->said) continue;
		slswasm_import_count(m->number, m->value);
		m->said = false;
		if (m->kind == SLSWASM_COUNTER) m->value = 0;
	}
}

/* Once for each metric. Names are like [a-z][a-z0-9_]{0,63}. */
static inline void slswasm_declare(slswasm_metric *m, uint32_t kind, slswasm_text name) {
	m->kind = kind;
	m->number = slswasm_import_metric(kind, name.at, name.len);
	m->next = slswasm_metrics;
	slswasm_metrics = m;
	slswasm_tell = slswasm_tell_metrics;
}

/* Adds to a counter; what is negative is left out. */
static inline void slswasm_add(slswasm_metric *m, double n) {
	if (n >= 0) m->value += n, m->said = true;
}

/* Sets a gauge. */
static inline void slswasm_measure(slswasm_metric *m, double value) { m->value = value, m->said = true; }

/* ---- memory: the batch starts at the heap's base, the reply follows it ---- */

extern uint8_t __heap_base; /* the linker's: the end of what the program has */

static uint8_t *slswasm_reply_at;
static uint32_t slswasm_reply_len;

static bool slswasm_reserve(uint64_t end) {
	uint64_t pages = (end + 65535) >> 16, have = __builtin_wasm_memory_size(0);
	if (pages > 65536) return false;
	return pages <= have || __builtin_wasm_memory_grow(0, pages - have) != (__SIZE_TYPE__)-1;
}

__attribute__((export_name("slswasm_v1_alloc"))) void *slswasm_v1_alloc(uint32_t len) {
	slswasm_reply_at = &__heap_base + len;
	return slswasm_reserve((uint64_t)(uintptr_t)&__heap_base + len) ? &__heap_base : 0;
}

/* Room for n more bytes of the reply. */
static uint8_t *slswasm_more(uint32_t n) {
	uint8_t *at = slswasm_reply_at + slswasm_reply_len;
	if (!slswasm_reserve((uint64_t)(uintptr_t)at + n)) __builtin_trap();
	slswasm_reply_len += n;
	return at;
}

static inline uint32_t slswasm_u32(const uint8_t *at) {
	uint32_t v;
	__builtin_memcpy(&v, at, 4); /* nothing in a batch is aligned */
	return v;
}

static inline void slswasm_put8(uint8_t v) { *slswasm_more(1) = v; }
static inline void slswasm_put32(uint32_t v) { __builtin_memcpy(slswasm_more(4), &v, 4); }
static inline void slswasm_put_text(slswasm_text t) {
	slswasm_put32(t.len);
	__builtin_memcpy(slswasm_more(t.len), t.at, t.len);
}
static inline void slswasm_put_key(slswasm_text key) {
	if (key.at) slswasm_put_text(key);
	else slswasm_put32(key.len);
}

/* ---- reading a log ---- */

static inline slswasm_text slswasm_view(const slswasm_log *log, const uint8_t *pair) {
	uint32_t len = slswasm_u32(pair + 4);
	if (len == UINT32_C(0xFFFFFFFF)) return (slswasm_text){0, 0};
	return (slswasm_text){log->batch + slswasm_u32(pair), len};
}

/* The value of a declared field. */
static inline slswasm_text slswasm_get(const slswasm_log *log, uint32_t slot) {
	return slswasm_view(log, log->record + 24 + 8 * slot);
}

/* Nanoseconds since 1970-01-01 UTC. */
static inline int64_t slswasm_time(const slswasm_log *log) {
	int64_t v;
	__builtin_memcpy(&v, log->record, 8);
	return v;
}

/* Fields of a log, for a guest that declared "*": 0 to slswasm_fields - 1. */
static inline uint32_t slswasm_fields(const slswasm_log *log) { return slswasm_u32(log->record + 16); }
static inline slswasm_text slswasm_field_key(const slswasm_log *log, uint32_t i) {
	return slswasm_view(log, log->batch + slswasm_u32(log->record + 12) + 16 * i);
}
static inline slswasm_text slswasm_field_value(const slswasm_log *log, uint32_t i) {
	return slswasm_view(log, log->batch + slswasm_u32(log->record + 12) + 16 * i + 8);
}

static inline bool slswasm_equal(slswasm_text a, slswasm_text b) {
	if (a.len != b.len || !a.at || !b.at) return false;
	for (uint32_t i = 0; i < a.len; i++)
		if (a.at[i] != b.at[i]) return false;
	return true;
}

/* ---- what becomes of it: the last of keep, drop, fail and emit holds ---- */

static inline void slswasm_keep(slswasm_log *log) { slswasm_reply_len = log->verdict, log->count = 0; }
static inline void slswasm_drop(slswasm_log *log) { slswasm_keep(log), slswasm_put8(1); }
static inline void slswasm_fail(slswasm_log *log, slswasm_text why) { slswasm_keep(log), slswasm_put8(4), slswasm_put_text(why); }

/* One more event in place of the log, from SLSWASM_CLONE or SLSWASM_EMPTY.
 * What is said afterwards is said of this event. */
static inline void slswasm_emit(slswasm_log *log, uint8_t base) {
	uint32_t n = 1;
	if (log->count) {
		slswasm_put8(0);
		n += slswasm_u32(slswasm_reply_at + log->count);
	} else {
		slswasm_keep(log), slswasm_put8(3);
		log->count = slswasm_reply_len;
		slswasm_put32(0);
	}
	__builtin_memcpy(slswasm_reply_at + log->count, &n, 4);
	slswasm_put8(base);
}

/* ---- edits, of the log or of the event emitted last; not after drop or fail ---- */

static inline void slswasm_op(slswasm_log *log, uint8_t op) {
	if (slswasm_reply_len == log->verdict) slswasm_put8(2);
	slswasm_put8(op);
}
static inline void slswasm_set(slswasm_log *log, slswasm_text key, slswasm_text value) {
	slswasm_op(log, 1), slswasm_put_key(key), slswasm_put_text(value);
}
static inline void slswasm_set_json(slswasm_log *log, slswasm_text key, slswasm_text json) {
	slswasm_op(log, 2), slswasm_put_key(key), slswasm_put_text(json);
}
static inline void slswasm_delete(slswasm_log *log, slswasm_text key) { slswasm_op(log, 3), slswasm_put_key(key); }
static inline void slswasm_rename(slswasm_log *log, slswasm_text key, slswasm_text name) {
	slswasm_op(log, 4), slswasm_put_key(key), slswasm_put_text(name);
}
static inline void slswasm_clear(slswasm_log *log) { slswasm_op(log, 5); }
static inline void slswasm_body(slswasm_log *log, slswasm_text text) { slswasm_op(log, 6), slswasm_put_text(text); }
static inline void slswasm_body_json(slswasm_log *log, slswasm_text json) { slswasm_op(log, 7), slswasm_put_text(json); }
static inline void slswasm_set_time(slswasm_log *log, int64_t ns) {
	slswasm_op(log, 8);
	__builtin_memcpy(slswasm_more(8), &ns, 8);
}

/* Metadata of one text: SLSWASM_INDEX to SLSWASM_ROUTE. */
static inline void slswasm_meta(slswasm_log *log, uint8_t id, slswasm_text text) {
	slswasm_op(log, 9), slswasm_put8(id), slswasm_put_text(text);
}
/* One more indexed field of HEC. */
static inline void slswasm_index_field(slswasm_log *log, slswasm_text name, slswasm_text value) {
	slswasm_meta(log, 5, name), slswasm_put_text(value);
}
/* Levels of syslog: facility 0 to 23, severity 0 to 7. */
static inline void slswasm_facility(slswasm_log *log, uint8_t v) { slswasm_op(log, 9), slswasm_put8(16), slswasm_put8(v); }
static inline void slswasm_severity(slswasm_log *log, uint8_t v) { slswasm_op(log, 9), slswasm_put8(17), slswasm_put8(v); }
/* One more parameter of syslog's structured data. */
static inline void slswasm_structured(slswasm_log *log, slswasm_text id, slswasm_text name, slswasm_text value) {
	slswasm_meta(log, 22, id), slswasm_put_text(name), slswasm_put_text(value);
}

/* ---- the exports ---- */

__attribute__((export_name("slswasm_v1_init"))) uint64_t slswasm_v1_init(const uint8_t *config, uint32_t len) {
	slswasm_text d = slswasm_init((slswasm_text){config, len});
	return (uint64_t)(uintptr_t)d.at << 32 | d.len;
}

__attribute__((export_name("slswasm_v1_transform"))) uint64_t slswasm_v1_transform(uint8_t *batch, uint32_t len) {
	uint32_t n = slswasm_u32(batch + 8), stride = slswasm_u32(batch + 16);
	slswasm_log log = {batch, batch + slswasm_u32(batch), 0, 0};
	(void)len;
	slswasm_reply_len = 0;
	slswasm_put32(n);
	for (uint32_t i = 0; i < n; i++, log.record += stride) {
		__builtin_memcpy(batch + 20, &i, 4); /* cursor: the log in hand, should it fault */
		log.verdict = slswasm_reply_len;
		log.count = 0;
		slswasm_transform(&log);
		uint8_t verdict = slswasm_reply_len == log.verdict ? 0 : slswasm_reply_at[log.verdict];
		if (verdict == 0 || verdict == 2 || verdict == 3) slswasm_put8(0); /* keep; or op end */
	}
	if (slswasm_tell) slswasm_tell();
	return (uint64_t)(uintptr_t)slswasm_reply_at << 32 | slswasm_reply_len;
}

#endif

/* access: a guest in C for the access logs of a web server.
 *
 * Health checks are dropped and counted, the last part of IPv4 addresses is masked, and
 * the status becomes the severity of syslog and an indexed field of Splunk. A
 * configuration, when there is one, is the path of the health checks.
 */
#include "slswasm.h"

enum { status, path, client_ip }; /* the slots, in the order of the descriptor */

static uint8_t health[256] = "/healthz";
static uint32_t health_len = 8;
static slswasm_metric health_checks;

slswasm_text slswasm_init(slswasm_text config) {
	if (config.len > sizeof health)
		return SLSWASM_TEXT("{\"error\":\"the path of the health checks has more than 256 bytes\"}");
	if (config.len) {
		__builtin_memcpy(health, config.at, config.len);
		health_len = config.len;
	}
	slswasm_declare(&health_checks, SLSWASM_COUNTER, SLSWASM_TEXT("health_checks"));
	return SLSWASM_TEXT("{\"name\":\"access\",\"version\":\"1.0.0\",\"fields\":[\"status\",\"path\",\"client_ip\"]}");
}

/* 192.0.2.77 becomes 192.0.2.x; what does not look so stays. */
static void mask(slswasm_log *log, slswasm_text ip) {
	uint8_t masked[16];
	uint32_t dots = 0, end = 0;
	for (uint32_t i = 0; i < ip.len; i++) {
		if (i == 15 || (ip.at[i] != '.' && (ip.at[i] < '0' || ip.at[i] > '9'))) return;
		masked[i] = ip.at[i];
		if (ip.at[i] == '.') dots++, end = i + 1;
	}
	if (dots != 3) return;
	masked[end] = 'x';
	slswasm_set(log, SLSWASM_SLOT(client_ip), (slswasm_text){masked, end + 1});
}

void slswasm_transform(slswasm_log *log) {
	if (slswasm_equal(slswasm_get(log, path), (slswasm_text){health, health_len})) {
		slswasm_add(&health_checks, 1);
		slswasm_drop(log);
		return;
	}
	mask(log, slswasm_get(log, client_ip));
	slswasm_text code = slswasm_get(log, status);
	if (code.len != 3) return;
	slswasm_severity(log, code.at[0] == '5' ? 3 : code.at[0] == '4' ? 4 : 6);
	slswasm_index_field(log, SLSWASM_TEXT("status"), code);
}

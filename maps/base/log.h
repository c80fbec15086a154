/* Lines for people who run a program: "level time what" to stderr. Libraries never print; only programs call this.
 * Never log what belongs to a person (names, contacts, places of riders). */
#ifndef ZUB_LOG_H
#define ZUB_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
void log_open(const char *program, enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

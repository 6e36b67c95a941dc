/* How bytes travel on a socket: as they are, or through TLS (OpenSSL, where its headers are installed). */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stddef.h>
#include <sys/types.h>

typedef struct ssl_st Tls; /* NULL: no TLS */

/* Made once in a process, before the first connection; they end the program where TLS cannot be had. The client takes
   any certificate. */
void tls_prepare_server(const char *certificate, const char *key);
void tls_prepare_client(void);

/* The TLS of a new connection; the handshake is made by the first reads and writes. */
Tls *tls_new(int fd);
void tls_free(Tls *tls);

/* As recv and send on a non-blocking socket: -1 with EAGAIN when the other side has to do something first. */
ssize_t channel_read(Tls *tls, int fd, void *data, size_t length);
ssize_t channel_write(Tls *tls, int fd, const void *data, size_t length);

#endif

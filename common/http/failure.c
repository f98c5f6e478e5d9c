// From libcurl's result codes to ours. What matters most is on which side of the request's first
// byte it failed: before it, nothing can have happened at the peer.
#include "http/transfer.h"

static enum rf_http_failure broken(bool begun, long status) {
    if (!begun)
        return RF_HTTP_CONNECT;
    return status > 0 ? RF_HTTP_TRUNCATED : RF_HTTP_BROKEN;
}

// A proxy that wants a login, or does not let us there, is a matter of the configuration; one that
// does not reach the address (5xx) is as if it did not stand.
static enum rf_http_failure refused_tunnel(long proxy_status) {
    return proxy_status < 500 ? RF_HTTP_PROXY : RF_HTTP_CONNECT;
}

// What an HTTP/2 peer refused unread (REFUSED_STREAM, a stream above GOAWAY's last) was certainly
// not carried out (RFC 9113, 8.7 and 6.8), but libcurl 7.88 does not let us see it. It repeats a
// refused stream by itself, up to five times, and ends as CURLE_SEND_ERROR then, as it does for a
// connection that died (Curl_retry_request); a GOAWAY is written to its trace alone, and a
// connection that ends with it is CURLE_HTTP2, as after any fault in the framing (http2.c). So both
// count as sent. It costs nothing: what must not be repeated is sent with `fresh`, which never
// speaks HTTP/2.
enum rf_http_failure rf_http_failure_of(CURLcode code, bool begun, long status, long proxy_status) {
    if (code == CURLE_RECV_ERROR && !begun && proxy_status >= 300)
        return refused_tunnel(proxy_status);
    switch ((int)code) {
    case CURLE_OK:
        return RF_HTTP_NONE;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return RF_HTTP_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return RF_HTTP_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return begun ? RF_HTTP_TIMEOUT : RF_HTTP_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_USE_SSL_FAILED:
        return RF_HTTP_TLS;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: // the trusted certificates that we were told to use
    case CURLE_SSL_ISSUER_ERROR:
        return RF_HTTP_CERTIFICATE;
    case CURLE_PARTIAL_FILE:
        return RF_HTTP_TRUNCATED;
    case CURLE_BAD_CONTENT_ENCODING:
        return RF_HTTP_ENCODING;
    case CURLE_FILESIZE_EXCEEDED:
        return RF_HTTP_TOO_LARGE;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_UNSUPPORTED_PROTOCOL: // with begun: the peer does not speak HTTP
        return code == CURLE_UNSUPPORTED_PROTOCOL && !begun ? RF_HTTP_OTHER : broken(begun, status);
    default:
        return RF_HTTP_OTHER;
    }
}

enum rf_http_failure rf_mail_failure_of(CURLcode code, bool begun, long status) {
    // Before any command of a login was refused: the server offers none that libcurl knows.
    if (code == CURLE_LOGIN_DENIED && status < 400)
        return RF_HTTP_LOGIN;
    // libcurl tells a refused sender, recipient or text as a failed transfer; the SMTP code says
    // why.
    if (code != CURLE_OK && status >= 400) {
        switch ((int)code) {
        case CURLE_SEND_ERROR:
        case CURLE_LOGIN_DENIED:
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_REMOTE_ACCESS_DENIED:
        case CURLE_RECV_ERROR:
            return RF_HTTP_NONE;
        default:
            break;
        }
    }
    return rf_http_failure_of(code, begun, 0, 0);
}

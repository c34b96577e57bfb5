# The certificate at the door. Bring your own as $STATE/tls/{server.pem,server-key.pem,ca.pem}; where there is none, one is made here,
# signed by an authority whose key is thrown away at once, so that nobody can sign a second certificate with it.
# shellcheck shell=bash

make_certificate() {
    local tls=$STATE/tls work name names=DNS:localhost,IP:127.0.0.1
    [ -e "$tls/server.pem" ] && return
    for name in ${TRACKING_NAMES:-}; do
        if [[ $name =~ ^[0-9.]+$ ]]; then names+=,IP:$name; else names+=,DNS:$name; fi
    done
    work=$(mktemp -d "$STATE/tls.XXXXXX")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 -subj "/CN=MLOps Labs lab authority" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
        -keyout "$work/ca-key.pem" -out "$work/ca.pem" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=tracking \
        -keyout "$work/server-key.pem" -out "$work/request.pem" 2>/dev/null
    openssl x509 -req -in "$work/request.pem" -CA "$work/ca.pem" -CAkey "$work/ca-key.pem" -CAcreateserial -days 397 \
        -extfile <(printf 'subjectAltName=%s\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n' "$names") \
        -out "$work/server.pem" 2>/dev/null
    rm -f "$work/ca-key.pem" "$work/request.pem" "$work"/*.srl
    rm -rf "$tls"
    mv "$work" "$tls"
}

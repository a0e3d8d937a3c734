//! Certificates: whose, for which name, until when.

use log_reader::Speaker;

use crate::doctor::rule::{Family, Rule};

pub const FAMILY: Family = Family {
    title: "Certificates",
    section: "certificates",
    about: "Four things go wrong with a certificate: it is made for other names than the one that was dialled, its time is over or \
            has not come, nobody known has signed it, or its file is not there. The message says which; whose certificate it is \
            says the address in the same line.",
    rules: RULES,
};

/// Addresses under which registries and their stores of blobs are asked.
const REGISTRY_X509: &str = r"(?:/v2/|/token\?|manifests/|registry|docker\.io|ghcr\.io|gcr\.io|quay\.io|pull(?:ing)? image|failed to resolve reference).*(?:x509: certificate signed by unknown authority|certificate verify failed|self[- ]signed certificate)";

const RULES: &[Rule] = &[
    Rule::new("webhook-certificate", "the API server does not trust the certificate of a webhook")
        .cause("The caBundle of the webhook is empty, older than the certificate that the webhook serves, or made for another name. cert-manager's cainjector, or the job that patches it, has not run or not yet.")
        .tell("kubectl get validatingwebhookconfiguration,mutatingwebhookconfiguration -o yaml | grep -A2 caBundle: empty, or not the authority of the webhook's Secret, is this")
        .fix("let whoever made it write it again: restart cert-manager's cainjector, or run the chart's certgen jobs again (helm upgrade)")
        .log(
            r#"failed(?: to call| calling) (?:admission )?webhook "?(?P<webhook>[^": ]+)"?.*(?:x509|certificate)"#,
            "Error from server (InternalError): Internal error occurred: failed calling webhook \"webhook.cert-manager.io\": failed to call webhook: Post \"https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s\": x509: certificate signed by unknown authority",
        )
        .certain()
        .log(
            r#"conversion webhook for .* failed: .*x509"#,
            "conversion webhook for agones.dev/v1, Kind=Fleet failed: Post \"https://agones-controller.agones-system.svc:443/convert?timeout=30s\": x509: certificate signed by unknown authority",
        ),
    Rule::new("metrics-server-kubelet-cert", "metrics-server cannot verify the certificate of a kubelet")
        .cause("Kubelets sign their serving certificate themselves, without addresses in it; metrics-server then refuses every node, and autoscalers know nothing.")
        .tell("kubectl -n kube-system logs deploy/metrics-server | grep x509: every node is named")
        .fix("serverTLSBootstrap: true for the kubelets and approve their requests (kubectl get csr); on a machine of your own: --kubelet-insecure-tls for metrics-server")
        .log(
            r#"(?:scrape|fetch metrics from|summary|metrics/resource|:10250/stats).*(?:x509:|certificate)"#,
            "E0511 21:57:06.607078 1 scraper.go:149] \"Failed to scrape node\" err=\"Get \\\"https://192.0.2.181:10250/metrics/resource\\\": tls: failed to verify certificate: x509: cannot validate certificate for 192.0.2.181 because it doesn't contain any IP SANs\" node=\"node-a\"",
        )
        .certain(),
    Rule::new("registry-ca-untrusted", "the engine does not trust the certificate of a registry")
        .cause("The registry has an authority of its own, or a proxy of the company opens the connection and signs it anew. Nodes and engines do not know the authorities that the browser knows.")
        .answers(&["proxy-env", "tls-ca-untrusted"])
        .tell("openssl s_client -connect <registry>:443 </dev/null 2>/dev/null | openssl x509 -noout -issuer: the company's name is the proxy, your own the registry's authority")
        .fix("give the engine the authority: /etc/docker/certs.d/<registry>/ca.crt; k3s and k3d: registries.yaml (configs: tls: ca_file), or the file as a volume to /etc/ssl/certs/ of the nodes")
        .log(REGISTRY_X509, "Failed to pull image \"docker.io/rancher/mirrored-pause:3.6\": failed to do request: Head \"https://registry-1.docker.io/v2/rancher/mirrored-pause/manifests/3.6\": x509: certificate signed by unknown authority")
        .except("webhook"),
    Rule::new("kube-api-ca-untrusted", "the certificate of the API is signed by another cluster's authority")
        .cause("The kubeconfig or token is of another cluster, or of this one before it was made anew; or a proxy stands between.")
        .answers(&["kubeconfig-stale-or-wrong-context", "tls-ca-untrusted", "k3s-token-mismatch", "registry-ca-untrusted"])
        .tell("kubectl config view --minify: the server it names must be the one you mean; kubectl --insecure-skip-tls-verify get nodes shows whose it is")
        .fix("take the kubeconfig anew: cargo xtask cluster for ours, k3d kubeconfig get <cluster>, /etc/rancher/k3s/k3s.yaml; for kubelets: the cluster's own ca.crt")
        .log(
            r"Unable to connect to the server: .*x509: certificate signed by unknown authority|(?::6443|:6444|/apis?/|/cacerts|kubernetes\.default).*x509: certificate signed by unknown authority",
            "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority",
        )
        .except("/v2/|webhook|scrape"),
    Rule::new("k3d-node-ip-changed", "nodes came back with other addresses")
        .cause("After a restart Docker hands out addresses in another order, and k3s has stored the old ones.")
        .answers(&["tls-san-missing"])
        .tell("kubectl get nodes -o wide against docker network inspect of the cluster's network: different addresses are this")
        .fix("cargo xtask stop && cargo xtask start, which starts them in order")
        .last_resort("cargo xtask down && cargo xtask up makes the cluster anew; what its volumes hold is lost")
        .log(
            r"failed to find interface with specified node ip|error getting node subnet|failed to find remote peer in cluster",
            "level=fatal msg=\"Failed to start networking: unable to initialize network policy controller: error getting node subnet: failed to find interface with specified node ip\"",
        )
        .log(
            r":10250/.*x509: certificate is valid for [\d., ]+, not \d",
            "Error from server: Get \"https://172.20.0.3:10250/containerLogs\": tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, 172.20.0.4, not 172.20.0.3",
        )
        .except("scrape|metrics/resource"),
    Rule::new("tls-san-missing", "a certificate is not made for the name that was dialled ({name})")
        .cause("The server is the right one or a wrong one behind that name; its certificate lists other names. For an API server the name must be given when the cluster is made.")
        .tell("openssl s_client -connect <host>:<port> </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName lists the names it is valid for")
        .fix("dial one of the names that it lists, or add yours: k3d: options.k3s.extraArgs --tls-san={name} for server:*; k3s: tls-san: in /etc/rancher/k3s/config.yaml and restart; other servers: issue the certificate again")
        .log(
            r"x509: certificate is (?:valid|not valid) for .*, not (?P<name>[^\s\x22]+)|x509: certificate is not valid for any names, but wanted to match (?P<wanted>[^\s\x22]+)|cannot validate certificate for (?P<address>\S+) because it doesn't contain any IP SANs|x509: certificate relies on legacy Common Name",
            "Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for kubernetes, kubernetes.default, localhost, not demo.local",
        )
        .except(":10250/.*not [0-9]|scrape|webhook|etcd|:238[0-9]|:2379")
        .certain()
        .log(
            r"ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames|Hostname mismatch, certificate is not valid|RemoteCertificateNameMismatch|NotValidForName|No subject alternative (?:DNS )?names? |no alternative certificate subject name matches|certificate subject name .* does not match",
            "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: db. is not in the cert's altnames: DNS:localhost",
        ),
    Rule::new("etcd-peer-cert-rejected", "a member of etcd refuses the certificate of another")
        .cause("The other side's certificate is of another authority, made for other names or addresses, or expired.")
        .tell("openssl x509 -noout -issuer -enddate -ext subjectAltName -in <peer>.crt on both members: the same issuer, the other's address")
        .fix("issue the certificates of that member again (kubeadm: kubeadm certs renew all; k3s: k3s certificate rotate) and restart both")
        .log(
            r"rejected connection.*(?:certificate|DNSNames)|remote error: tls: (?:bad certificate|unknown certificate authority).*etcd|etcd.*(?:bad certificate|certificate signed by unknown authority|certificate is valid for)",
            "{\"level\":\"warn\",\"ts\":\"2024-03-01T10:00:00.000Z\",\"caller\":\"embed/config_logging.go:169\",\"msg\":\"rejected connection\",\"remote-addr\":\"192.0.2.7:41422\",\"server-name\":\"\",\"error\":\"remote error: tls: bad certificate\"}",
        )
        .answers(&["tls-san-missing", "client-rejects-certificate"])
        .by(&[Speaker::Etcd, Speaker::ApiServer, Speaker::K3s]),
    Rule::new("client-cert-expired", "a client's certificate has expired")
        .cause("The certificate in the kubeconfig (or of the kubelet) lives for a year; whoever shows it afterwards is refused.")
        .answers(&["k3s-cert-expired", "certificate-expired", "kubeconfig-credentials-rejected"])
        .tell("kubectl config view --raw --minify -o jsonpath='{.users[0].user.client-certificate-data}' | base64 -d | openssl x509 -noout -enddate: a date that is past")
        .fix("take the kubeconfig anew after renewing: k3s renews at a restart (sudo systemctl restart k3s); kubeadm certs renew all; then copy the file again")
        .log(
            r"Unable to authenticate the request.*(?:certificate has expired|expired or is not yet valid)|part of the existing bootstrap client certificate.* is expired|client certificate.*expired|bootstrap-kubeconfig.*expired",
            "E0301 10:00:00.123456 1 authentication.go:73] \"Unable to authenticate the request\" err=\"[x509: certificate has expired or is not yet valid: current time 2026-03-01T10:00:00Z is after 2026-02-28T17:12:44Z, verifying certificate SN=7 failed]\"",
        ),
    Rule::new("certificate-expired", "a certificate has expired")
        .cause("Its time is over, and nobody renewed it; or the clock of this machine is ahead.")
        .answers(&["k3s-cert-expired", "client-cert-expired"])
        .tell("date first; then openssl s_client -connect <host>:<port> </dev/null 2>/dev/null | openssl x509 -noout -enddate")
        .fix("renew the certificate and restart what serves it; a wrong clock: sudo timedatectl set-ntp true")
        .log(
            r"x509: certificate has expired or is not yet valid: current time \S+ is after|CERT_HAS_EXPIRED|certificate has expired\b|invalid peer certificate: (?:certificate )?expired|CertExpired|CertificateExpiredException|sslv3 alert certificate expired",
            "curl: (60) SSL certificate problem: certificate has expired",
        )
        .except("is before|webhook|Unable to connect to the server|:6443|Unable to authenticate"),
    Rule::new("certificate-file-missing", "a certificate or key is not where the settings say ({file})")
        .cause("The file is not there, not mounted, or not readable for this program.")
        .answers(&["app-config-missing", "mount-config-missing"])
        .tell("ls -l of the path in the line, inside the container")
        .fix("mount or create it, or correct the path in the settings")
        .log(
            r"(?:cannot load certificate(?: key)?|could not load server certificate file|could not load private key file|unable to load (?:certificate|keypair|client CA)|error (?:parsing|loading|reading) (?:X509 )?(?:certificate|key)[^:]*|failed to load (?:key pair|certificate|x509 key)|open) \x22?(?P<file>[^\s\x22]+\.(?:crt|pem|key|cert|cer|p12|jks))\x22?:.*(?:no such file|No such file)",
            "nginx: [emerg] cannot load certificate \"/etc/nginx/tls/tls.crt\": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)",
        )
        .certain(),
    Rule::new("client-rejects-certificate", "clients do not trust the certificate of this server")
        .cause("It is self-signed or of an authority that the clients do not know; they end the handshake.")
        .tell("openssl s_client -connect <host>:<port> </dev/null | grep 'Verify return code' from the client's machine")
        .fix("give clients the authority, or serve a certificate that they know; a scanner or health check without TLS says the same and means nothing")
        .log(
            r"(?:remote error: tls: (?:bad certificate|unknown certificate)|tlsv1 alert unknown ca|sslv3 alert (?:bad certificate|certificate unknown))",
            "http: TLS handshake error from 10.42.0.1:50312: remote error: tls: unknown certificate authority",
        )
        .except("127\\.0\\.0\\.1|etcd|Cluster-Http-Server|rejected connection")
        .possible(),
    Rule::new("acme-challenge-failed", "the authority could not check that the domain is yours")
        .cause("The challenge was not answered from outside: the name leads elsewhere, port 80 does not reach the ingress, or the DNS record is not there yet.")
        .answers(&["acme-self-check-failed"])
        .tell("curl -v http://<domain>/.well-known/acme-challenge/test from outside: it must reach your ingress; kubectl describe challenge -A tells the rest")
        .fix("lead the name and port 80 to the ingress; behind NAT without hairpin use the DNS-01 challenge")
        .log(
            r"wrong status code '\d+', expected '200'|failed to perform self check|did not return expected response|propagation check failed|acme: error\b.*\b(?:40\d|unauthorized|invalid|dns)|urn:ietf:params:acme:error|Waiting for (?:HTTP|DNS)-01 challenge propagation|unable to obtain ACME certificate",
            "E0301 10:00:00.123456 1 sync.go:190] \"propagation check failed\" err=\"wrong status code '404', expected '200'\" logger=\"cert-manager.controller\"",
        )
        .except("i/o timeout|deadline exceeded|connection refused|no such host|lookup "),
    Rule::new("tls-ca-untrusted", "a program does not trust the authority of a certificate")
        .cause("The certificate is self-signed, of an authority of your own, or a proxy of the company signed it; this program knows only the public authorities.")
        .answers(&["proxy-env", "registry-ca-untrusted", "kube-api-ca-untrusted"])
        .tell("openssl s_client -connect <host>:443 </dev/null 2>/dev/null | openssl x509 -noout -issuer names the authority")
        .fix("give the program that authority: NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, REQUESTS_CA_BUNDLE, keytool -importcert, update-ca-certificates in the image")
        .log(
            r"x509: certificate signed by unknown authority|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)|self[- ]signed certificate|unable to get (?:local )?issuer certificate|CERTIFICATE_VERIFY_FAILED|PKIX path building failed|invalid peer certificate: UnknownIssuer|UntrustedRoot|certificate verify failed|SSL certificate problem: |The remote certificate is invalid",
            "Error: unable to get local issuer certificate code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'",
        )
        .except("/v2/|manifests|webhook|scrape|:6443|Unable to connect to the server|expired|altname|Hostname mismatch|rejected connection|subject name|[Gg]enerat|[Cc]reat(?:ed|ing)|[Uu]s(?:ed|ing) (?:a )?self|[Ss]erving"),
    Rule::new("client-tls-missing", "one side speaks plain text and the other TLS")
        .cause("A client or probe dials a TLS port without TLS, or TLS to a plain port; each side sees nonsense and closes.")
        .answers(&["registry-plain-http"])
        .tell("curl -v http://<host>:<port> and https://: one of both answers")
        .fix("say https:// (or http://), or switch TLS on or off on both sides alike")
        .log(
            r"connection closed before server preface received|error reading server preface|client sent an HTTP request to an HTTPS server|first record does not look like a TLS handshake|http: server gave HTTP response to HTTPS client|wrong version number|\bEPROTO\b|packet length too long|The plain HTTP request was sent to HTTPS port|Unexpected TLS record|InvalidContentType|Unsupported or unrecognized SSL message",
            "http: TLS handshake error from 10.42.0.1:50312: tls: first record does not look like a TLS handshake",
        )
        .at_start()
        .except("(?:pull|Head|manifests|/v2/)"),
];

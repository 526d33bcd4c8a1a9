"""The settings in the daemon.json of Docker Engine 26.1, few of which concern the state of containers."""

KNOWN = frozenset(
    """allow-nondistributable-artifacts api-cors-header authorization-plugins bip bridge builder cdi-spec-dirs
    cgroup-parent containerd containerd-namespace containerd-plugin-namespace containerd-plugins-namespace cpu-rt-period
    cpu-rt-runtime data-root debug default-address-pools default-cgroupns-mode default-gateway default-gateway-v6
    default-ipc-mode default-network-opts default-runtime default-shm-size default-ulimits dns dns-opts dns-search
    exec-opts exec-root experimental features fixed-cidr fixed-cidr-v6 group host-gateway-ip hosts http-proxy
    https-proxy icc init init-path insecure-registries ip ip-forward ip-masq ip6tables iptables ipv6 labels live-restore
    log-driver log-format log-level log-opts max-concurrent-downloads max-concurrent-uploads max-download-attempts
    metrics-addr mtu network-control-plane-mtu network-diagnostic-port no-new-privileges no-proxy node-generic-resources
    oom-score-adjust pidfile proxies raw-logs registry-mirrors rootless runtimes seccomp-profile selinux-enabled
    shutdown-timeout storage-driver storage-opts swarm-default-advertise-addr tls tlscacert tlscert tlskey tlsverify
    userland-proxy userland-proxy-path userns-remap validate""".split()
)

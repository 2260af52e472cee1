# slow.py NAME DELAY EVERY STALL: takes the place of the bridge of up.sh until it is ended. Every frame comes DELAY seconds late,
# and each EVERY seconds none comes for STALL seconds. For kernels without netem. Linux, root.
import collections, os, select, socket, sys, time

name, (delay, every, stall) = sys.argv[1], map(float, sys.argv[2:5])
SOL_PACKET, PACKET_VNET_HDR, PACKET_OUTGOING, HEADER = 263, 15, 4, 10
ports, where, queue = [], {}, collections.deque()
for i in (1, 2, 3):
    os.system(f'ip link set {name}v{i} nomaster')
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    port.bind((f'{name}v{i}', 3))
    # Frames larger than the network takes, and without checksums, stay as they are.
    port.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
    port.setblocking(False)
    ports.append(port)
print('ready', flush=True)
while True:
    now = time.monotonic()
    stalls = now % every < stall
    while queue and queue[0][0] <= now and not stalls:
        _, frame, source = queue.popleft()
        known = where.get(frame[HEADER : HEADER + 6])
        for port in [known] if known else [port for port in ports if port is not source]:
            try:
                port.send(frame)
            except OSError:
                pass  # A cable that was pulled loses frames.
    wait = min(0.01, max(0, queue[0][0] - now)) if queue and not stalls else 0.01
    for port in select.select(ports, [], [], wait)[0]:
        try:
            frame, at = port.recvfrom(70000)
        except OSError:
            continue
        if at[2] != PACKET_OUTGOING:
            where[frame[HEADER + 6 : HEADER + 12]] = port
            queue.append((time.monotonic() + delay, frame, port))

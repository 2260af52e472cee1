# capture.py FILE: what crosses this host's network over TCP, until it is ended: a line a connection and direction, with the
# first bytes of what was said, and whether any of it is text of ours. Linux, root.
import json, signal, socket, struct, sys

flows, marks = {}, (b'calm.v1', b'PRI * HTTP/2', b'authorization')

def write(*_):
    with open(sys.argv[1], 'w') as out:
        for flow in flows.values():
            print(json.dumps(flow), file=out)
    sys.exit(0)

signal.signal(signal.SIGTERM, write)
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
open(sys.argv[1] + '.ready', 'w').close()
while True:
    packet, at = tap.recvfrom(70000)
    if at[0] == 'lo' or packet[12:14] != b'\x08\x00' or packet[23] != 6:
        continue
    ip = packet[14 : 14 + struct.unpack('!H', packet[16:18])[0]]
    tcp = ip[(ip[0] & 15) * 4 :]
    said = tcp[(tcp[12] >> 4) * 4 :]
    if not said:
        continue
    ends = [f'{socket.inet_ntoa(ip[12:16])}:{tcp[0] << 8 | tcp[1]}', f'{socket.inet_ntoa(ip[16:20])}:{tcp[2] << 8 | tcp[3]}']
    flow = flows.setdefault(tuple(ends), {'from': ends[0], 'to': ends[1], 'first': said[:3].hex(), 'bytes': 0, 'plain': False})
    flow['bytes'] += len(said)
    flow['plain'] = flow['plain'] or any(mark in said for mark in marks)

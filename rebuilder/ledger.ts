/**
 * Every way a packet, stream byte, request or exchange can end: one closed list, one counter a line, in the order of
 * the data.
 *
 * `role`: `in` = it came; `out` = it left as it should; `lost` = dropped for this reason; `note` = something worth
 * counting that ends nothing. For each unit that is accounted (`packets`, `bytes`, `requests`, `exchanges`), Σ in = Σ
 * out + Σ lost + what is in flight: test/status/balance.test.ts and the status page check it. Names are
 * `layer.protocol.what`, in Suricata's words where it has one. docs/ledger.md is checked against this table.
 */
interface Definition {
  readonly role: 'in' | 'out' | 'lost' | 'note';
  readonly unit: 'packets' | 'bytes' | 'requests' | 'exchanges' | 'responses' | 'flows' | 'segments' | 'connections' | 'events';
  readonly help: string;
}

const define = (role: Definition['role'], unit: Definition['unit'], help: string): Definition => ({ role, unit, help });

export const COUNTERS = {
  // --- capture: what the kernel or the file gave us
  'capture.frames': define('in', 'packets', 'Frames or datagrams read from the sources'),
  'capture.kernel_drops': define('note', 'packets', 'Datagrams the kernel dropped because our receive buffer was full (before us: not part of the sums)'),
  'capture.interface_drops': define('note', 'packets', 'Packets that a captured network interface dropped by its own account (before us: not part of the sums)'),
  'capture.interface_lost': define('note', 'events', 'Times that a captured network interface went away'),

  // --- wire: frames that hold no TCP segment we can read
  'wire.link.unsupported': define('lost', 'packets', 'Link types that are not decoded'),
  'wire.max_depth': define('lost', 'packets', 'Tunnels, tags and labels nested deeper than the limit'),
  'wire.ethernet.pkt_too_small': define('lost', 'packets', 'Ethernet frames shorter than their header'),
  'wire.ethernet.unknown_type': define('lost', 'packets', 'Ethernet frames that hold no IP: ARP, LLDP, spanning tree, …'),
  'wire.vlan.header_too_small': define('lost', 'packets', 'VLAN tags cut short'),
  'wire.vlan.unknown_type': define('lost', 'packets', 'VLAN frames that hold no IP'),
  'wire.mpls.header_too_small': define('lost', 'packets', 'MPLS labels cut short'),
  'wire.mpls.unknown_payload_type': define('lost', 'packets', 'MPLS payloads that are neither IP nor a pseudowire with a control word'),
  'wire.pppoe.pkt_too_small': define('lost', 'packets', 'PPPoE headers cut short'),
  'wire.pppoe.not_ip': define('lost', 'packets', 'PPPoE sessions\' own packets and other protocols over PPP'),
  'wire.sll.pkt_too_small': define('lost', 'packets', 'Linux cooked headers cut short'),
  'wire.sll.unknown_type': define('lost', 'packets', 'Linux cooked frames that hold no IP'),
  'wire.null.pkt_too_small': define('lost', 'packets', 'BSD loopback headers cut short'),
  'wire.null.unsupported_type': define('lost', 'packets', 'BSD loopback frames that hold no IP'),
  'wire.raw.pkt_too_small': define('lost', 'packets', 'Empty frames of a raw IP link'),
  'wire.raw.wrong_ip_version': define('lost', 'packets', 'Frames of a raw IP link that are neither IPv4 nor IPv6'),
  'wire.ipv4.pkt_too_small': define('lost', 'packets', 'IPv4 headers of fewer than 20 bytes'),
  'wire.ipv4.wrong_ip_version': define('lost', 'packets', 'IPv4 announced, another version found'),
  'wire.ipv4.hlen_too_small': define('lost', 'packets', 'IPv4 header length fields below 20 bytes'),
  'wire.ipv4.iplen_smaller_than_hlen': define('lost', 'packets', 'IPv4 total lengths below the header length'),
  'wire.ipv4.trunc_pkt': define('lost', 'packets', 'IPv4 headers cut within their options'),
  'wire.ipv4.invalid_checksum': define('lost', 'packets', 'IPv4 fragments whose header has a wrong checksum, while others have right ones: every host drops them'),
  'wire.ipv4.source_route': define('lost', 'packets', 'IPv4 packets with a source route, which hosts drop (Linux: accept_source_route)'),
  'wire.ipv4.invalid_options': define('lost', 'packets', 'IPv4 packets with options that cannot be read, which hosts drop'),
  'wire.ipv6.pkt_too_small': define('lost', 'packets', 'IPv6 headers of fewer than 40 bytes'),
  'wire.ipv6.wrong_ip_version': define('lost', 'packets', 'IPv6 announced, another version found'),
  'wire.ipv6.mapped_source': define('lost', 'packets', 'IPv6 packets from an IPv4-mapped address, which hosts drop'),
  'wire.ipv6.trunc_exthdr': define('lost', 'packets', 'IPv6 extension headers cut short'),
  'wire.ipv6.misplaced_hop_by_hop': define('lost', 'packets', 'IPv6 packets whose hop-by-hop options do not come first, which hosts drop'),
  'wire.ipv6.second_fragment_header': define('lost', 'packets', 'IPv6 packets with a fragment header in a fragment, which hosts drop'),
  'wire.ipv6.source_route': define('lost', 'packets', 'IPv6 packets with a route that goes on: they are for another host'),
  'wire.ipv6.discard_option': define('lost', 'packets', 'IPv6 packets with options that make a host drop them'),
  'wire.own_tunnel': define('lost', 'packets', 'Tunnels that a mirrored machine itself sends or receives (IP in IP, GRE, VXLAN, …): no traffic that was mirrored'),
  'wire.ip.not_tcp': define('lost', 'packets', 'IP packets of other protocols: ICMP, ESP, …'),
  'wire.tcp.pkt_too_small': define('lost', 'packets', 'TCP headers of fewer than 20 bytes'),
  'wire.tcp.trunc_pkt': define('lost', 'packets', 'TCP headers cut off by the capture'),
  'wire.tcp.hlen_too_small': define('lost', 'packets', 'TCP header length fields below 20 bytes'),
  'wire.tcp.hlen_too_large': define('lost', 'packets', 'TCP header length fields beyond the packet'),
  'wire.udp.pkt_too_small': define('lost', 'packets', 'UDP headers cut short'),
  'wire.udp.hlen_invalid': define('lost', 'packets', 'UDP length fields below 8 bytes'),
  'wire.udp.not_a_tunnel': define('lost', 'packets', 'UDP that is neither VXLAN nor GENEVE: DNS, QUIC, …'),
  'wire.vxlan.pkt_too_small': define('lost', 'packets', 'VXLAN headers cut short'),
  'wire.vxlan.invalid_header': define('lost', 'packets', 'VXLAN headers without the flag that a VNI is there'),
  'wire.geneve.pkt_too_small': define('lost', 'packets', 'GENEVE headers cut short'),
  'wire.geneve.wrong_version': define('lost', 'packets', 'GENEVE headers of an unknown version'),
  'wire.geneve.control_packet': define('lost', 'packets', 'GENEVE control packets, which hold no data'),
  'wire.geneve.trunc_options': define('lost', 'packets', 'GENEVE options cut short'),
  'wire.geneve.unknown_payload_type': define('lost', 'packets', 'GENEVE payloads that are neither Ethernet nor IP'),
  'wire.gre.pkt_too_small': define('lost', 'packets', 'GRE headers cut short'),
  'wire.gre.wrong_version': define('lost', 'packets', 'GRE of another version than 0, such as that of PPTP'),
  'wire.gre.version0_flags': define('lost', 'packets', 'GRE with the source routes that RFC 2784 has removed'),
  'wire.gre.unknown_payload_type': define('lost', 'packets', 'GRE payloads that are neither Ethernet nor IP'),
  'wire.erspan.header_too_small': define('lost', 'packets', 'ERSPAN headers cut short'),
  'wire.erspan.unsupported_version': define('lost', 'packets', 'ERSPAN headers that are neither of type II nor III'),

  // --- pipeline: packets that the configuration leaves out
  'rules.vni_filtered': define('lost', 'packets', 'Packets of VNIs that vni_filter leaves out'),
  'rules.ignored_ip': define('lost', 'packets', 'Packets between addresses of ignore_ips, or of our own deliveries'),
  'rules.ignored_port': define('lost', 'packets', 'Packets of TCP ports that the filter leaves out'),
  'rules.inner_filtered': define('lost', 'packets', 'Inner packets that the BPF filter leaves out'),

  // --- defragmentation (docs/reassembly.md)
  'defrag.reassembled': define('in', 'packets', 'Packets put together from fragments, which go on as one'),
  'defrag.reassembled_fragments': define('out', 'packets', 'Fragments that became a whole packet'),
  'defrag.duplicate_fragment': define('lost', 'packets', 'Fragments that brought nothing new'),
  'defrag.overlap': define('lost', 'packets', 'Fragments of packets whose fragments overlap in part (RFC 5722)'),
  'defrag.invalid_fragment': define('lost', 'packets', 'Fragments that are empty, too long, not a multiple of 8 bytes (IPv6), or that contradict others of their packet; with those others'),
  'defrag.fragment_cut': define('lost', 'packets', 'Fragments cut off by the capture'),
  'defrag.timeout': define('lost', 'packets', 'Fragments of packets whose other fragments did not come in time'),
  'defrag.memcap': define('lost', 'packets', 'Fragments dropped because limits.fragments_bytes was reached'),

  // --- tcp: segments
  'tcp.segments': define('out', 'packets', 'TCP segments handed to their connection'),
  'tcp.no_flow': define('out', 'packets', 'Segments without data that belong to no known connection: the last words of one that is over'),
  'tcp.invalid_checksum': define('lost', 'packets', 'Segments with a wrong checksum in a direction that had shown correct ones: their receiver drops them too'),
  'tcp.doubtful_segments': define('note', 'segments', 'Segments that their receiver may not have taken: old timestamps, odd acknowledgments, options that are refused, beyond the window'),
  'tcp.doubt_believed': define('note', 'segments', 'Doubtful segments and such with a wrong checksum that were read after all: nothing else came in their place, or the receiver has them'),
  'tcp.refused_segments': define('note', 'segments', 'Segments with data that no receiver takes: without the flag ACK, with SYN or RST'),
  'tcp.sessions': define('note', 'flows', 'Connections that came into sight'),
  'tcp.midstream_pickups': define('note', 'flows', 'Connections joined without their SYN'),
  'tcp.reopened': define('note', 'flows', 'Connections opened anew with the same addresses and ports'),
  'tcp.candidates': define('note', 'flows', 'Connections read beside another of the same addresses and ports, because a SYN came in the middle of it'),
  'tcp.flow_idle_timeout': define('note', 'flows', 'Connections forgotten because no packet came for limits.idle_timeout'),
  'tcp.flow_emerg_mode_over': define('note', 'flows', 'Connections forgotten because limits.flows was reached'),
  'tcp.flow_memcap': define('note', 'flows', 'Connections forgotten because limits.memory was reached'),
  'tcp.out_of_order': define('note', 'segments', 'Segments that came before their turn'),
  'tcp.overlap_diff_data': define('note', 'segments', 'Overlapping segments with other bytes than what was there: a broken capture, or an evasion'),
  'tcp.overlap_forgotten': define('note', 'segments', 'Segments for a place whose first bytes are not remembered: of one-way streams, and such as another worker had: read again'),
  'tcp.reassembly_gap': define('note', 'events', 'Holes that were given up'),
  'tcp.reassembly_gap_bytes': define('note', 'events', 'Bytes of those holes, as far as known (never captured: not part of the sums)'),
  'tcp.cut_segments': define('note', 'segments', 'Segments whose end the capture cut off: lower the MTU or raise packet_length of the mirror session'),
  'tcp.cut_bytes': define('note', 'events', 'Bytes cut off'),
  'tcp.correction_memcap': define('note', 'segments', 'Segments, and holes of requests, not kept for corrections or second readings because limits.correction_bytes or limits.memory was reached'),
  'tcp.multipath_join': define('note', 'flows', 'Subflows of Multipath TCP that join another connection: a request sent over several is not put together'),
  'tcp.readings_limit': define('note', 'events', 'Streams, and packets in fragments, that may have been read in more ways than are reported'),

  // --- pipeline: a fault of ours costs the packet that met it, and its connection; or the request
  'pipeline.faults': define('note', 'events', 'Faults in the program, each met by one packet, one request or one look at what waits: please report them'),
  'pipeline.faulted_packets': define('lost', 'packets', 'Packets that met a fault'),
  'pipeline.faulted_bytes': define('lost', 'bytes', 'Stream bytes of those packets and of their connections, which end with them'),
  'pipeline.faulted_requests': define('lost', 'requests', 'Requests that met a fault on their way out'),

  // --- stream bytes: every captured byte of TCP data ends in one of these
  'tcp.stream_bytes': define('in', 'bytes', 'Bytes of TCP data captured'),
  'tcp.invalid_checksum_bytes': define('lost', 'bytes', 'Bytes of segments with a wrong checksum'),
  'tcp.refused_bytes': define('lost', 'bytes', 'Bytes of segments that no receiver takes, or that were doubtful, and others came in their place'),
  'tcp.urgent_bytes': define('out', 'bytes', 'Bytes that an urgent pointer marks: the receiver takes them out of the stream'),
  'tcp.pkt_out_of_window': define('note', 'segments', 'Segments far outside the stream'),
  'tcp.pkt_out_of_window_bytes': define('lost', 'bytes', 'Bytes of segments far outside the stream'),
  'tcp.retransmission_bytes': define('out', 'bytes', 'Bytes that had been seen before: retransmissions, keep-alive probes, second views of a packet'),
  'tcp.overlap_bytes': define('out', 'bytes', 'Bytes that overlapped others which a Linux receiver would keep'),
  'tcp.candidate_bytes': define('out', 'bytes', 'Bytes of connections that began as candidates (tcp.candidates), whatever became of them'),
  'tcp.segment_memcap_drop': define('note', 'segments', 'Segments behind a hole dropped because limits.reorder_bytes was reached'),
  'tcp.segment_memcap_drop_bytes': define('lost', 'bytes', 'Bytes of those segments'),
  'tcp.late_bytes': define('out', 'bytes', 'Bytes of holes that came after they were given up, and were used for corrections'),

  // --- http: what the bytes were
  'http.request_bytes': define('out', 'bytes', 'Bytes of requests'),
  'http.response_bytes': define('out', 'bytes', 'Bytes of responses'),
  'http.empty_line_bytes': define('out', 'bytes', 'Bytes of empty lines between messages'),
  'http.proxy_protocol_bytes': define('out', 'bytes', 'Bytes of PROXY protocol headers'),
  'http.skipped_bytes': define('lost', 'bytes', 'Bytes of clients where no request could be read: after a hole, or of another protocol'),
  'http.response_skipped_bytes': define('lost', 'bytes', 'Bytes of servers where no response could be read'),
  'http.tls_bytes': define('lost', 'bytes', 'Bytes of TLS records: encrypted, not readable for us'),
  'http.tunnel_bytes': define('lost', 'bytes', 'Bytes after a server agreed to another protocol (WebSocket, CONNECT)'),
  'http.http2_frame_bytes': define('out', 'bytes', 'Bytes of HTTP/2 that are of no message: the preface, SETTINGS, PING, …'),
  'http.http2_unreadable_bytes': define('lost', 'bytes', 'Bytes of HTTP/2 clients that cannot be read: behind a hole that swallowed a header block, or the head of a frame'),
  'http.ignored_bytes': define('lost', 'bytes', 'Bytes of connections that are not looked into'),
  'http.tls_flow': define('note', 'flows', 'Connections that speak TLS'),
  'http.http2_flow': define('note', 'flows', 'Connections that speak HTTP/2'),
  'http.http2_headers_lost': define('note', 'flows', 'Directions of HTTP/2 connections that lost a header block to a hole (what later ones take from it is unknown), or sent one that is none (all later ones are)'),
  'http.http2_repeated_fields': define('note', 'events', 'Fields of 256 bytes and more that an HTTP/2 header block takes from its table a third time and more: left out, because each costs its sender one byte'),
  'http.http2_invalid_frame': define('note', 'flows', 'Directions of HTTP/2 connections with bytes that are no frames: from there on they are searched for HTTP/1; or with a frame that nearly all servers refuse: what follows it is told, marked as found'),
  'http.not_http_flow': define('note', 'flows', 'Connections with bytes that are not HTTP'),
  'http.upgraded_flow': define('note', 'flows', 'Connections that left HTTP with the server\'s agreement'),
  'http.roles_unknown': define('note', 'flows', 'Connections joined in the middle whose both ends sent what a client sends: both are read as clients'),
  'http.roles_swapped': define('note', 'flows', 'Connections joined in the middle whose client was first taken for the server'),

  // --- http: requests
  'http.requests': define('in', 'requests', 'Requests rebuilt'),
  'http.irregular_requests': define('note', 'requests', 'Requests that needed a tolerance'),
  'http.incomplete_requests': define('note', 'requests', 'Requests with bytes missing'),
  'http.corrections': define('note', 'requests', 'Requests rebuilt again because missing bytes came late'),
  'http.second_readings': define('note', 'requests', 'Requests reported once more in another reading, because it is not known what their receiver read'),
  'http.readings_limit': define('note', 'events', 'Readings of a request that were not followed, because there are too many or no memory for them, or not reported, because that is more than twice what its client sent'),
  'http.duplicate_view': define('lost', 'requests', 'Second views of a request, mirrored at another network interface'),
  'http.responses': define('note', 'responses', 'Responses rebuilt'),
  'http.response_timeout': define('note', 'requests', 'Requests that went on without their response, which did not come in time'),
  'http.response_memcap': define('note', 'requests', 'Requests that went on without waiting for their response because limits.memory was reached'),
  'http.message_cut': define('note', 'requests', 'Messages whose connection ended before they did'),
  'http.stalled': define('note', 'requests', 'Requests delivered as they were because nothing more of them came'),
  'http.head_limit': define('note', 'requests', 'Heads longer than limits.head_bytes, cut'),
  'http.body_limit': define('note', 'requests', 'Bodies longer than forward.body_limit, cut'),
  'http.memcap': define('note', 'requests', 'Messages cut because limits.memory was reached'),
  'http.invalid_chunk': define('note', 'requests', 'Chunked bodies whose framing breaks off'),
  'http.http09_request': define('out', 'requests', 'Requests of HTTP/0.9, which the exchange format has no room for (replay); delivered to nodes all the same'),
  'http.unreadable': define('note', 'requests', 'Bytes behind a request that cannot be read as another, reported as one without a request line'),
  'http.http2_stream_limit': define('note', 'requests', 'Requests told as far as they had come because too many others of their HTTP/2 connection were unfinished; what still comes is told as a correction'),
  'http.http2_unreadable_requests': define('note', 'requests', 'HTTP/2 requests, or trailers of some, whose header block cannot be read, or does not tell method and path any more (before the sums: never requests)'),
  'http.exchanges': define('out', 'requests', 'Requests written as exchanges and not delivered: by replay, or to exchanges.file without a forward.endpoint'),

  // --- rules: requests that the configuration leaves out
  'rules.loop': define('out', 'requests', 'Our own deliveries, mirrored again and known by their marker'),
  'rules.loop_marker_copied': define('note', 'requests', 'Requests with a true loop marker that was seen too often to be our own delivery: they go on'),
  'rules.health_check': define('out', 'requests', 'Requests equal in all of it to one of health_checks'),
  'rules.sampled_out': define('out', 'requests', 'Requests of connections that forward.sample leaves out'),
  'rules.filter_bypass': define('out', 'requests', 'Requests that input_filters.bypass leaves out'),
  'rules.filter_not_inspected': define('out', 'requests', 'Requests that no entry of input_filters.inspect takes'),
  'rules.route_off': define('out', 'requests', 'Requests of routes whose wallarm_mode is off'),
  'rules.looks_like_health_check': define('note', 'requests', 'Forwarded requests whose User-Agent calls itself a health check'),
  'rules.redacted': define('note', 'events', 'Values masked by forward.redact'),

  // --- forward: requests on their way to the node (docs/forwarding.md).
  // submitted = delivered + delivered_incomplete + the lost ones + in flight
  'forward.submitted': define('note', 'requests', 'Requests handed over for delivery'),
  'forward.delivered': define('out', 'requests', 'Whole requests whose final response the node gave'),
  'forward.delivered_incomplete': define('out', 'requests', 'Requests with bytes missing, delivered as far as they are known and marked so'),
  'forward.queue_full': define('lost', 'requests', 'The oldest queued requests, dropped for newer ones: the node is slower than the traffic, or away'),
  'forward.too_large': define('lost', 'requests', 'Requests larger than the whole queue'),
  'forward.deadline': define('lost', 'requests', 'Requests that could not be sent within forward.deadline'),
  'forward.alb_limit': define('lost', 'requests', 'Requests beyond the size limits of a load balancer while no forward.raw_endpoint is given'),
  'forward.connection_lost': define('lost', 'requests', 'Requests on which the connection ended in every attempt'),
  'forward.response_timeout': define('lost', 'requests', 'Requests that were not answered in time in any attempt'),
  'forward.bad_response': define('lost', 'requests', 'Requests answered with something that is no HTTP in every attempt'),
  'forward.unavailable': define('lost', 'requests', 'Requests that the load balancer answered itself with 502, 503 or 504 in every attempt'),
  'forward.drain_timeout': define('lost', 'requests', 'Requests still undelivered when the service had to stop'),
  'forward.refused.400': define('lost', 'requests', 'Refused: 400 Bad Request'),
  'forward.refused.405': define('lost', 'requests', 'Refused by the load balancer: 405 Method Not Allowed'),
  'forward.refused.408': define('lost', 'requests', 'Answered with 408 Request Timeout in each attempt: it did not come whole in time'),
  'forward.refused.413': define('lost', 'requests', 'Refused: 413 Content Too Large'),
  'forward.refused.414': define('lost', 'requests', 'Refused: 414 URI Too Long'),
  'forward.refused.431': define('lost', 'requests', 'Refused: 431 Request Header Fields Too Large'),
  'forward.refused.463': define('lost', 'requests', 'Refused by the load balancer: 463, more than 30 addresses in X-Forwarded-For'),
  'forward.refused.501': define('lost', 'requests', 'Refused: 501 Not Implemented, a method or transfer coding that is unknown'),
  'forward.refused.505': define('lost', 'requests', 'Refused: 505 HTTP Version Not Supported'),
  'forward.refused.other': define('lost', 'requests', 'Refused by the load balancer with another status'),
  'forward.answered_2xx': define('note', 'requests', 'Delivered requests that the node answered with 2xx'),
  'forward.answered_3xx': define('note', 'requests', 'Delivered requests that the node answered with 3xx'),
  'forward.answered_4xx': define('note', 'requests', 'Delivered requests that the node answered with 4xx of its own'),
  'forward.server_error': define('note', 'requests', 'Delivered requests that the node itself answered with 5xx'),
  'forward.raw': define('note', 'requests', 'Requests that went byte-true on a connection of their own'),
  'forward.raw_failed': define('note', 'requests', 'Requests whose byte-true form was refused, failed or found no room, so that the re-framed form was sent'),
  'forward.reframed': define('note', 'requests', 'Requests sent in a form with one true Content-Length and one reading'),
  'forward.enveloped': define('note', 'requests', 'Refused requests sent once more with their request line as a header'),
  'forward.body_limit': define('note', 'requests', 'Requests whose body was cut at forward.body_limit'),
  'forward.renamed_header': define('note', 'events', 'Header lines renamed to X-Mirror-Original-*'),
  'forward.expect_dropped': define('note', 'events', 'Expect lines among the renamed ones'),
  'forward.host_replaced': define('note', 'events', 'Host values replaced by original_host'),
  'forward.method_replaced': define('note', 'events', 'Methods that no load balancer takes, replaced by GET or POST'),
  'forward.retried': define('note', 'events', 'Requests sent again after a failed attempt'),
  'forward.resent': define('note', 'events', 'Requests sent again because a connection ended before their turn'),
  'forward.connected': define('note', 'connections', 'Connections opened to the endpoints'),
  'forward.connect_failed': define('note', 'connections', 'Connections that could not be opened'),
  'forward.connection_ended': define('note', 'connections', 'Connections that ended with requests unanswered'),

  // --- ext_proc: whole exchanges on their way to native nodes, beside the delivery above (docs/forwarding.md)
  'ext_proc.only_delivery': define('out', 'requests', 'Requests handed over to the native nodes alone: forward.endpoint is empty'),
  'ext_proc.submitted': define('in', 'exchanges', 'Requests with their responses, as far as seen, handed over for delivery to the native nodes'),
  'ext_proc.delivered': define('out', 'exchanges', 'Whole exchanges whose stream the node ended with the status OK'),
  'ext_proc.delivered_incomplete': define('out', 'exchanges', 'Exchanges with bytes missing, delivered as far as they are known and marked so'),
  'ext_proc.queue_full': define('lost', 'exchanges', 'The oldest queued exchanges, dropped for newer ones: the nodes are slower than the traffic, or away'),
  'ext_proc.too_large': define('lost', 'exchanges', 'Exchanges larger than the whole queue'),
  'ext_proc.deadline': define('lost', 'exchanges', 'Exchanges that could not be sent within forward.deadline'),
  'ext_proc.connection_lost': define('lost', 'exchanges', 'Exchanges on which the connection ended in every attempt'),
  'ext_proc.response_timeout': define('lost', 'exchanges', 'Exchanges whose stream the node did not end in time in any attempt'),
  'ext_proc.stream_reset': define('lost', 'exchanges', 'Exchanges whose stream the node reset in every attempt'),
  'ext_proc.unavailable': define('lost', 'exchanges', 'Exchanges answered with UNAVAILABLE or RESOURCE_EXHAUSTED in every attempt'),
  'ext_proc.refused': define('lost', 'exchanges', 'Exchanges that the node ended with another status than OK, or with none'),
  'ext_proc.drain_timeout': define('lost', 'exchanges', 'Exchanges still undelivered when the service had to stop'),
  'ext_proc.without_response': define('note', 'exchanges', 'Requests handed over without a response: none was seen in tcp_stream.response_timeout'),
  'ext_proc.ended_early': define('note', 'exchanges', 'Delivered exchanges of which the node wanted no more before their end'),
  'ext_proc.body_limit': define('note', 'events', 'Bodies cut at forward.ext_proc.body_limit'),
  'ext_proc.name_case': define('note', 'events', 'Header names whose upper-case letters were lost'),
  'ext_proc.escaped_bytes': define('note', 'events', 'Control bytes of values, targets and methods that were written as %XX or, in a folded line, as a blank'),
  'ext_proc.renamed_header': define('note', 'events', 'Header lines renamed to x-mirror-original-*'),
  'ext_proc.left_out_header': define('note', 'events', 'Framing lines left out that hold nothing but their usual word: Connection: keep-alive, Transfer-Encoding: chunked'),
  'ext_proc.retried': define('note', 'events', 'Exchanges sent again after a failed attempt'),
  'ext_proc.resent': define('note', 'events', 'Exchanges sent again because a connection ended before their turn'),
  'ext_proc.connected': define('note', 'connections', 'Connections opened to the native nodes'),
  'ext_proc.connect_failed': define('note', 'connections', 'Connections that could not be opened: no answer, no TLS, or a certificate that is not believed'),
  'ext_proc.connection_ended': define('note', 'connections', 'Connections that ended with exchanges under way'),

  // --- exchanges: the file of exchanges, beside the delivery (docs/configuration.md)
  'exchanges.written': define('note', 'requests', 'Requests written to exchanges.file'),
  'exchanges.queue_full': define('note', 'requests', 'Requests not written to exchanges.file because the disk was slower than the traffic'),
  'exchanges.write_failed': define('note', 'requests', 'Requests not written to exchanges.file because writing failed: a full disk, a right taken away'),
  'exchanges.http09_request': define('note', 'requests', 'Requests of HTTP/0.9, which the file has no form for'),
  'exchanges.resumed': define('note', 'requests', 'Requests in files that an earlier run had not uploaded, taken up by this one'),
  'exchanges.uploaded': define('note', 'requests', 'Requests in files that exchanges.s3 has; exchanges.written + resumed = uploaded + spool_full + left_behind + those that wait'),
  'exchanges.upload_failed': define('note', 'events', 'Uploads that failed after the tries of the SDK; the file waits and is tried again'),
  'exchanges.spool_full': define('note', 'requests', 'Requests in files that were removed before their upload: exchanges.s3.spool was reached, or somebody removed them'),
  'exchanges.left_behind': define('note', 'requests', 'Requests in files that were not uploaded when the service stopped: the next start uploads them'),
  'exchanges.lost_request': define('lost', 'requests', 'Requests not written to exchanges.file for one of these reasons that had no other end: forward.endpoint is empty'),

  // --- log: lines about each request (docs/configuration.md)
  'log.dropped_line': define('note', 'events', 'Lines about requests that a log lacks because its file or pipe was too slow, or full'),

  // --- workers: threads that each run a whole pipeline (docs/scaling.md)
  'workers.handed_over': define('out', 'packets', 'Packets that came by their addresses alone (fragments, IPv6 extension headers) and were given to the worker that has their connection'),
  'workers.queue_full': define('lost', 'packets', 'Such packets that were not given to it, because too many others were on their way to it'),
  'workers.taken_over': define('in', 'packets', 'Such packets received from another worker'),
  'workers.died': define('note', 'events', 'Worker threads that ended by a fault, or did not come back from a packet, and were replaced'),
  'workers.lost_packets': define('lost', 'packets', 'Packets that a worker held when it died'),
  'workers.lost_bytes': define('lost', 'bytes', 'Stream bytes that a worker held when it died'),
  'workers.lost_requests': define('lost', 'requests', 'Requests that a worker held when it died'),
  'workers.lost_exchanges': define('lost', 'exchanges', 'Exchanges that a worker held for the native nodes when it died'),
} as const satisfies Record<string, Definition>;

export type CounterName = keyof typeof COUNTERS;

export const COUNTER_NAMES = Object.keys(COUNTERS) as readonly CounterName[];

/** Position of each counter in `Ledger.values`, for hot paths: `ledger.values[INDEX['tcp.segments']]++`. */
export const INDEX =
  Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, i])) as Readonly<Record<CounterName, number>>;

export class Ledger {
  /** One number a counter; may lie in shared memory, so that another thread can sum it up. */
  readonly values: Float64Array;

  constructor(values: Float64Array = new Float64Array(COUNTER_NAMES.length)) {
    this.values = values;
  }

  count(name: CounterName, n = 1): void {
    this.values[INDEX[name]]! += n;
  }

  /** Both together, as a ledger of its own. */
  plus(other: Ledger): Ledger {
    return new Ledger(this.values.map((value, i) => value + other.values[i]!));
  }

  /** What came in of a unit and has no end yet: Σ in − Σ out − Σ lost. What is in flight is part of it. */
  open(unit: Definition['unit']): number {
    let open = 0;
    for (const name of COUNTER_NAMES) {
      const { role, unit: own } = COUNTERS[name];
      if (own === unit && role !== 'note') open += role === 'in' ? this.get(name) : -this.get(name);
    }
    return open;
  }

  get(name: CounterName): number {
    return this.values[INDEX[name]]!;
  }
}

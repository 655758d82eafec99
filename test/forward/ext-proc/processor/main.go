// The other end of the external processing protocol, on the protocol's published Go code: writes each stream it was sent
// as a line of JSON, {"end": "EOF" or what broke it, "messages": [...]}, messages in protobuf's own JSON form.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"

	ext_proc "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/encoding/protojson"
)

type processor struct {
	ext_proc.UnimplementedExternalProcessorServer
	mutex sync.Mutex
	lines *bufio.Writer
	quiet bool
}

type stream struct {
	End      string            `json:"end"`
	Messages []json.RawMessage `json:"messages"`
}

func (p *processor) Process(server ext_proc.ExternalProcessor_ProcessServer) error {
	var seen stream
	for {
		message, err := server.Recv()
		if err != nil {
			return p.write(seen, err)
		}
		if p.quiet {
			continue
		}
		text, err := protojson.Marshal(message)
		if err != nil {
			return err
		}
		seen.Messages = append(seen.Messages, text)
	}
}

func (p *processor) write(seen stream, err error) error {
	seen.End = err.Error()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if p.quiet {
		return err
	}
	line, fault := json.Marshal(seen)
	if fault != nil {
		return fault
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.lines.Write(line)
	p.lines.WriteByte('\n')
	if fault := p.lines.Flush(); fault != nil {
		return fault
	}
	return err
}

func main() {
	address := flag.String("listen", "127.0.0.1:0", "address and port")
	certificate := flag.String("certificate", "", "PEM; with -key, TLS")
	key := flag.String("key", "", "PEM")
	quiet := flag.Bool("quiet", false, "write no streams")
	flag.Parse()
	var options []grpc.ServerOption
	if *certificate != "" {
		tls, err := credentials.NewServerTLSFromFile(*certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(tls))
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d\n", listener.Addr().(*net.TCPAddr).Port)
	server := grpc.NewServer(options...)
	ext_proc.RegisterExternalProcessorServer(server, &processor{lines: bufio.NewWriter(os.Stdout), quiet: *quiet})
	log.Fatal(server.Serve(listener))
}

// Reads Accord's events from Kafka with the CloudEvents SDK for Go: go run . HOST:PORT NAMESPACE
// Prints a line of JSON for each event, from the beginning of every topic to where its end is now.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/IBM/sarama"
	kafka "github.com/cloudevents/sdk-go/protocol/kafka_sarama/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
)

var families = []string{"control", "keys", "psi", "intermediates", "gradients", "results"}

type line struct {
	ID              string         `json:"id"`
	Source          string         `json:"source"`
	Type            string         `json:"type"`
	Subject         string         `json:"subject"`
	DataContentType string         `json:"datacontenttype"`
	Extensions      map[string]any `json:"extensions"`
	Bytes           int            `json:"bytes"`
	SHA256          string         `json:"sha256"`
}

func about(message *sarama.ConsumerMessage) (line, error) {
	event, err := binding.ToEvent(context.Background(), kafka.NewMessageFromConsumerMessage(message))
	if err != nil {
		return line{}, err
	}
	digest := sha256.Sum256(event.Data())
	return line{event.ID(), event.Source(), event.Type(), event.Subject(), event.DataContentType(), event.Extensions(),
		len(event.Data()), hex.EncodeToString(digest[:])}, nil
}

func read(servers, namespace string) error {
	client, err := sarama.NewClient([]string{servers}, sarama.NewConfig())
	if err != nil {
		return err
	}
	defer client.Close()
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return err
	}
	defer consumer.Close()
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, family := range families {
		topic := namespace + "." + family
		end, err := client.GetOffset(topic, 0, sarama.OffsetNewest)
		if err != nil {
			return fmt.Errorf("%s: %w", topic, err)
		}
		if begin, err := client.GetOffset(topic, 0, sarama.OffsetOldest); err != nil || begin == end {
			continue // there is nothing
		}
		partition, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
		if err != nil {
			return fmt.Errorf("%s: %w", topic, err)
		}
		for message := range partition.Messages() {
			found, err := about(message)
			if err != nil {
				return fmt.Errorf("%s, offset %d: %w", topic, message.Offset, err)
			}
			if err := out.Encode(found); err != nil {
				return err
			}
			if message.Offset >= end-1 {
				break
			}
		}
		partition.AsyncClose()
	}
	return nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: go run . HOST:PORT NAMESPACE")
		os.Exit(2)
	}
	if err := read(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

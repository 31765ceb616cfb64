# Sourced by scripts that train models: the sizes and the optimizer that all of them share.

sizes=(--size 128 --embedding_size 100 --emotion_size 100 --imemory_size 128)
optimizer=(--batch_size 128 --optimizer adam --learning_rate 0.0015)

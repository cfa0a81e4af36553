#!/bin/bash
# Makes *_pb2.py, *_pb2.pyi and *_pb2_grpc.py anew after a change of the .proto files: PYTHON is an interpreter with grpcio-tools of the
# version of grpcio in requirements/cpu.txt (an environment of its own: the service does not need the package).
set -eu
cd "$(dirname "$0")/../.."
"${PYTHON:-python3}" -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. rag/proto/redwell.proto rag/proto/inference.proto

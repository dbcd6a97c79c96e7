"""The outside worlds that programs meet: renderers, exporters, faces to other libraries."""

"""The web page: Streamlit over the HTTP API, and nothing else."""

"""The Streamlit app: its server, its pages, and what they are made of."""

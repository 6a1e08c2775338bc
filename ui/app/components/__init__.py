"""Custom Streamlit components, each with its JavaScript and CSS."""

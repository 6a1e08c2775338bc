"""What the browser fetches beside Streamlit: thumbnails, films, further hits, exports."""

import './index.css';
import './side.css';
